import { expect, test } from "bun:test";
import { describeServer } from "./server.ts";

const HOUR_MS = 3_600_000;

describeServer("a wall clock that is set", (server) => {
  for (const [direction, ms] of [
    ["back", -HOUR_MS],
    ["forward", 2 * HOUR_MS],
  ] as const) {
    test(`${direction} is noticed, and forgotten with the next renewal`, async () => {
      const user = await server.createUser();
      const token = await server.createToken(user, "before");
      const verify = (as = token) => server.call("GET", "/verify", { as });
      expect((await verify()).status).toBe(200);
      server.advance(ms);
      // The lease was counted by another clock: at worst a renewal is waited for.
      let { status } = await verify();
      while (status === 503) ({ status } = await verify());
      expect(status).toBe(200);
      expect((await server.call("GET", "/me", { as: user.session })).status).toBe(204);
      const after = await server.createToken(user, "after");
      expect((await verify(after)).status).toBe(200);
      const gone = await server.call("DELETE", "/user/me/token/before?wait=1", { as: after });
      expect(gone.status).toBe(200);
      expect((await verify()).status).toBe(401);
    });
  }
});

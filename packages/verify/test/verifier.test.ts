import { describe, expect, test } from "bun:test";
import { createToken } from "@conch/contract";
import type { Credential, TestServer, TestUser } from "../../server/test/server.ts";
import { describeServer } from "../../server/test/server.ts";
import { createVerifierContext } from "../src/context.ts";
import { createVerifier } from "../src/index.ts";
import type { Verification, Verifier } from "../src/index.ts";
import { createVerifierIn } from "../src/verifier.ts";

const TIMEOUT_MS = 60_000;

const valueOf = (as: Credential): string => (as["authorization"] ?? "").replace("Bearer ", "");
const unknownToken = (): string =>
  createToken((count) => crypto.getRandomValues(new Uint8Array(count)));

/** Asks until the answer is known; a busy machine may take longer than a verifier's patience. */
async function verify(verifier: Verifier, token: string): Promise<Verification> {
  for (;;) {
    const verification = await verifier.verify(token);
    if (verification.status !== "unavailable") return verification;
  }
}

/** A request that waits for its answer. */
interface Held {
  readonly asked: Promise<void>;
  readonly answer: () => void;
}

function hold(): Held & { readonly ask: () => Promise<void> } {
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const ask = (): Promise<void> => {
    asked.resolve();
    return answered.promise;
  };
  return { asked: asked.promise, answer: answered.resolve, ask };
}

/** A server that knows every token, and holds back reports, all polls but the first, and the goodbye. */
function createFeed() {
  const head = { epoch: "e", seq: 1, uid: "u" };
  const user = { id: crypto.randomUUID(), email: "", name: "", is_admin: false };
  const token = {
    token_id: "t",
    kind: "api",
    name: "n",
    rights: "full",
    created: "2026-01-01T00:00:00Z",
    expires: "2126-01-01T00:00:00Z",
    expires_in_ms: 1e9,
    password_change_required: false,
    user,
  };
  const left = hold();
  const poll = hold();
  const usage = hold();
  let isCutShort = false;
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    if (url.endsWith("/lookup")) return Response.json({ position: head, token, keep_ms: 0 });
    if (url.endsWith("/usage")) {
      init.signal?.addEventListener("abort", () => (isCutShort = true));
      await usage.ask();
      return new Response(null, { status: 204 });
    }
    const request = JSON.parse(init.body as string) as Record<string, unknown>;
    const { cursor } = request;
    if (request["leave"] === true) await left.ask();
    else if (cursor !== null) await poll.ask();
    const told = { poll: request["poll"], from: cursor, head, reset: cursor === null, rows: [] };
    return Response.json({ ...told, left_ms: 4000, bound_ms: 5000, node_url: null });
  };
  const used = { ...usage, isCutShort: () => isCutShort };
  return { fetch, left, used, polled: poll.asked.then(() => poll) };
}

async function withVerifier(
  server: TestServer,
  owner: TestUser,
  work: (verifier: Verifier) => Promise<void>,
): Promise<void> {
  const own = await server.createToken(owner, `verifier ${crypto.randomUUID()}`, {
    rights: "verify",
  });
  const options = { url: server.url, token: valueOf(own), usageIntervalMs: 50 };
  const verifier = createVerifier(options);
  try {
    await work(verifier);
  } finally {
    await verifier.close();
  }
}

describeServer("a verifier", (server) => {
  const testVerifier = (
    name: string,
    work: (verifier: Verifier, ann: TestUser) => Promise<void>,
  ): void => {
    const run = async () => {
      const ann = await server.createUser();
      await withVerifier(server, ann, (verifier) => work(verifier, ann));
    };
    test(name, run, TIMEOUT_MS);
  };

  testVerifier("tells whose a token is, from memory the second time", async (verifier, ann) => {
    const token = valueOf(await server.createToken(ann, "ci"));
    expect(verifier.verifyCached(token)).toBeNull();
    const expected = {
      status: "ok",
      user: { id: ann.id, email: ann.email, name: ann.name, isAdmin: false },
      tokenId: expect.any(String),
      kind: "api",
      name: "ci",
      rights: "full",
      expiresAtMs: expect.any(Number),
    };
    expect(await verify(verifier, token)).toMatchObject(expected);
    expect(verifier.verifyCached(token)).toMatchObject(expected);
    expect(verifier.stats()).toMatchObject({ isLive: true, boundMs: 5000, entries: 1 });
  });

  testVerifier("keeps the user that it hands out from being changed", async (verifier, ann) => {
    const [one, other] = [
      await server.createToken(ann, "one"),
      await server.createToken(ann, "two"),
    ];
    const expected = { status: "ok", user: { isAdmin: false, name: ann.name } };
    for (const as of [one, other]) {
      const verification = await verify(verifier, valueOf(as));
      expect(verification).toMatchObject(expected);
      const { user } = verification as unknown as { user: { isAdmin: boolean; name?: string } };
      expect(() => (user.isAdmin = true)).toThrow(TypeError);
      expect(() => delete user.name).toThrow(TypeError);
    }
    for (const as of [one, other]) {
      expect(verifier.verifyCached(valueOf(as))).toMatchObject(expected);
    }
  });

  testVerifier("keeps its refusals from being changed", async (verifier) => {
    const refusal = (await verifier.verify("nonsense")) as { status: string };
    expect(() => (refusal.status = "ok")).toThrow(TypeError);
    expect((await verifier.verify("nonsense")).status).toBe("invalid");
  });

  testVerifier("checks login sessions too", async (verifier, ann) => {
    const split = ann.session;
    const signature = (split["cookie"] ?? "").replace("jwt_sig=", "");
    const jwt = `${valueOf(split)}.${signature}`;
    expect(await verify(verifier, jwt)).toMatchObject({ status: "ok", kind: "session" });
    expect(await verify(verifier, `${jwt}x`)).toMatchObject({ status: "invalid" });
    await server.call("POST", "/user/me/revoke?login_only=1&wait=1", { as: split });
    expect(await verify(verifier, jwt)).toMatchObject({ status: "invalid" });
  });

  testVerifier("says forbidden where the rights are not enough", async (verifier, ann) => {
    const token = valueOf(await server.createToken(ann, "reader", { rights: "read" }));
    expect((await verify(verifier, token)).status).toBe("ok");
    expect((await verifier.verify(token, "full")).status).toBe("forbidden");
    expect((await verifier.verify(token, "read")).status).toBe("ok");
  });

  testVerifier("refuses what is unknown or malformed", async (verifier) => {
    expect(await verify(verifier, unknownToken())).toEqual({
      status: "invalid",
      reason: "unknown",
    });
    for (const text of [undefined, "", "nonsense", "conch_x", "a.b", "é.b.c"]) {
      expect((await verifier.verify(text)).status).toBe("invalid");
      expect(verifier.verifyCached(text)?.status).toBe("invalid");
    }
  });

  testVerifier(
    "pitfall 37: refuses a token whose revocation was waited for",
    async (verifier, ann) => {
      const as = await server.createToken(ann, "leaked");
      expect((await verify(verifier, valueOf(as))).status).toBe("ok");
      const answer = await server.call("DELETE", "/user/me/token/leaked?wait=1", {
        as: ann.session,
      });
      expect(answer.json()).toMatchObject({ holders: 2, confirmed: 2, proof: "confirmed" });
      expect((await verify(verifier, valueOf(as))).status).toBe("invalid");
    },
  );

  testVerifier("drops all of a user's tokens when the user changes", async (verifier, ann) => {
    const token = valueOf(await server.createToken(ann, "one"));
    expect(await verify(verifier, token)).toMatchObject({ user: { isAdmin: false } });
    const admin = await server.createUser({ is_admin: 1 });
    await server.call("POST", `/user/${ann.id}`, { as: admin.session, json: { is_admin: true } });
    const isAdmin = async () => {
      const verification = await verify(verifier, token);
      return verification.status === "ok" && verification.user.isAdmin;
    };
    while (!(await isAdmin())) await Bun.sleep(5);
    expect(await isAdmin()).toBe(true);
  });

  testVerifier("reports when tokens were used", async (verifier, ann) => {
    const token = valueOf(await server.createToken(ann, "used"));
    await verify(verifier, token);
    const lastUsed = async () =>
      (await server.call("GET", "/user/me/token/used", { as: ann.session })).json()["last_used"];
    while ((await lastUsed()) === null) await Bun.sleep(50);
    expect(await lastUsed()).toMatch(/Z$/);
  });

  test(
    "sends the hash of an API token, never its value",
    async () => {
      const ann = await server.createUser();
      const token = valueOf(await server.createToken(ann, "secret"));
      const own = valueOf(await server.createToken(ann, "own", { rights: "verify" }));
      const bodies: string[] = [];
      const context = createVerifierContext();
      const fetch: typeof context.fetch = (url, init) => {
        bodies.push(init.body as string);
        return context.fetch(url, init);
      };
      const verifier = createVerifierIn({ ...context, fetch }, { url: server.url, token: own });
      expect((await verify(verifier, token)).status).toBe("ok");
      await verifier.close();
      expect(bodies.join("\n")).toContain(context.hash(token));
      expect(bodies.join("\n")).not.toContain(token);
    },
    TIMEOUT_MS,
  );

  test(
    "goes to the next URL where one does not answer",
    async () => {
      const ann = await server.createUser();
      const token = valueOf(await server.createToken(ann, "own", { rights: "verify" }));
      const url = ["http://127.0.0.1:1", server.url];
      const verifier = createVerifier({ url, token });
      const known = valueOf(await server.createToken(ann, "known"));
      expect((await verify(verifier, known)).status).toBe("ok");
      await verifier.close();
    },
    TIMEOUT_MS,
  );

  test.each(["{}", "null", "", '{"status":"ok"}', "<html>log in</html>"])(
    "says so, and asks another server, where one answers 200 with %j",
    async (body) => {
      const asked: string[] = [];
      const elsewhere = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: () => new Response(body),
      });
      const fetch = (url: string, init: RequestInit) => {
        if (url.startsWith(elsewhere.url.origin)) asked.push(url);
        return globalThis.fetch(url, init);
      };
      const ann = await server.createUser();
      const token = valueOf(await server.createToken(ann, "good"));
      const context = { ...createVerifierContext(), fetch };
      const alone = createVerifierIn(context, { url: elsewhere.url.origin, token });
      expect((await alone.verify(token)).status).toBe("unavailable");
      expect(alone.stats().problem).toBe(
        `${elsewhere.url.origin}: answers what no server of Conch does`,
      );
      await alone.close();
      const verifier = createVerifierIn(context, {
        url: [elsewhere.url.origin, server.url],
        token,
      });
      expect((await verify(verifier, token)).status).toBe("ok");
      await verifier.close();
      expect(asked.length).toBeGreaterThan(1);
      await elsewhere.stop(true);
    },
    TIMEOUT_MS,
  );

  test(
    "takes the white space off its URL that environment files put there",
    async () => {
      const ann = await server.createUser();
      const token = valueOf(await server.createToken(ann, "good"));
      const verifier = createVerifier({ url: ` ${server.url}/ `, token });
      expect((await verify(verifier, token)).status).toBe("ok");
      await verifier.close();
    },
    TIMEOUT_MS,
  );

  test(
    "knows nothing, and calls nobody invalid, when its own token is dead",
    async () => {
      const ann = await server.createUser();
      const token = valueOf(await server.createToken(ann, "good"));
      const verifier = createVerifier({ url: server.url, token: unknownToken() });
      expect((await verifier.verify(token)).status).toBe("unavailable");
      expect(verifier.stats().problem).toContain("401");
      await verifier.close();
    },
    TIMEOUT_MS,
  );
});

describe("a verifier without a server", () => {
  test(
    "answers unavailable, and so it does when closed",
    async () => {
      const verifier = createVerifier({ url: "http://127.0.0.1:1", token: unknownToken() });
      expect((await verifier.verify(unknownToken())).status).toBe("unavailable");
      expect(verifier.stats()).toMatchObject({ isLive: false, entries: 0 });
      expect(verifier.stats().problem).toStartWith("http://127.0.0.1:1: ");
      expect((await verifier.verify(null)).status).toBe("invalid");
      await verifier.close();
      await verifier.close();
      expect((await verifier.verify(unknownToken())).status).toBe("unavailable");
    },
    TIMEOUT_MS,
  );

  test("says why it cannot reach the server, also where the runtime only says that it cannot", async () => {
    const cause = new Error("connect ECONNREFUSED 127.0.0.1:1");
    const fetch = () => Promise.reject(new TypeError("fetch failed", { cause }));
    const options = { url: "http://127.0.0.1:1", token: unknownToken() };
    const verifier = createVerifierIn({ ...createVerifierContext(), fetch }, options);
    await verifier.verify(unknownToken());
    expect(verifier.stats().problem).toBe(`http://127.0.0.1:1: ${cause.message}`);
    await verifier.close();
  });

  test("asks less and less often at an advertised address that it cannot reach", async () => {
    const asked = { base: 0, advertised: 0 };
    const head = { epoch: "e", seq: 1, uid: "u" };
    const fetch = (url: string, init: RequestInit) => {
      if (url.startsWith("https://inside.example")) {
        asked.advertised += 1;
        return Promise.reject(new Error("no route"));
      }
      asked.base += 1;
      const { poll, cursor } = JSON.parse(init.body as string) as { poll: number; cursor: unknown };
      const told = { poll, from: cursor, head, reset: cursor === null, rows: [], left_ms: 40 };
      const reply = { ...told, bound_ms: 50, node_url: "https://inside.example" };
      return Promise.resolve(Response.json(reply));
    };
    const options = { url: "https://conch.example", token: unknownToken() };
    const verifier = createVerifierIn({ ...createVerifierContext(), fetch }, options);
    while (asked.base < 40) await Bun.sleep(10);
    await verifier.close();
    expect(asked.advertised).toBeWithin(2, 7);
  });

  test("does not leave https for an address that it is told of", async () => {
    const asked: string[] = [];
    const head = { epoch: "e", seq: 1, uid: "u" };
    const fetch = (url: string, init: RequestInit) => {
      asked.push(url);
      const { poll, cursor } = JSON.parse(init.body as string) as { poll: number; cursor: unknown };
      const told = { poll, from: cursor, head, reset: cursor === null, rows: [], left_ms: 4000 };
      const reply = { ...told, bound_ms: 5000, node_url: "http://evil.example" };
      return Promise.resolve(Response.json(reply));
    };
    const options = { url: "https://conch.example/base/", token: unknownToken() };
    const verifier = createVerifierIn({ ...createVerifierContext(), fetch }, options);
    while (asked.length < 2) await Bun.sleep(10);
    await verifier.close();
    expect(new Set(asked)).toEqual(new Set(["https://conch.example/base/changes"]));
  });

  test("forgets what an answer names before the rest has come, and asks again", async () => {
    const head = { epoch: "e", seq: 1, uid: "u" };
    const user = { id: crypto.randomUUID(), email: "", name: "", is_admin: false };
    const facts = {
      token_id: "t",
      kind: "api",
      name: "n",
      rights: "full",
      created: "2026-01-01T00:00:00Z",
      expires: "2126-01-01T00:00:00Z",
      expires_in_ms: 1e9,
      password_change_required: false,
      user,
    };
    const held = Promise.withResolvers<ReadableStreamDefaultController<string>>();
    let lookUps = 0;
    const fetch = async (url: string, init: RequestInit) => {
      if (url.endsWith("/lookup")) {
        lookUps += 1;
        return Response.json({ position: head, token: facts, keep_ms: 0 });
      }
      if (url.endsWith("/usage")) return new Response(null, { status: 204 });
      const { poll, cursor } = JSON.parse(init.body as string) as { poll: number; cursor: unknown };
      const told = { poll, from: cursor, head, reset: cursor === null, rows: [], left_ms: 4000 };
      if (cursor === null) return Response.json({ ...told, bound_ms: 5000, node_url: null });
      return new Response(
        new ReadableStream<string>({ start: held.resolve }).pipeThrough(new TextEncoderStream()),
      );
    };
    const options = { url: "https://conch.example", token: unknownToken() };
    const verifier = createVerifierIn({ ...createVerifierContext(), fetch }, options);
    const token = unknownToken();
    expect((await verify(verifier, token)).status).toBe("ok");
    const answer = await held.promise;
    expect(verifier.verifyCached(token)?.status).toBe("ok");
    answer.enqueue('{"dropped":[{"kind":"token","token_id":"other","user_id":null}');
    answer.enqueue(',{"kind":"token","tok');
    await Bun.sleep(20);
    expect(verifier.verifyCached(token)?.status).toBe("ok");
    answer.enqueue('en_id":"t","user_id":null}');
    while (verifier.verifyCached(token) !== null) await Bun.sleep(1);
    expect(verifier.stats()).toMatchObject({ isLive: true, entries: 0 });
    expect((await verify(verifier, token)).status).toBe("ok");
    expect(lookUps).toBe(2);
    answer.close();
    await verifier.close();
  });

  test("accepts nothing once it closes, also where a poll is answered meanwhile", async () => {
    const { fetch, left, used, polled } = createFeed();
    const options = { url: "https://conch.example", token: unknownToken() };
    const verifier = createVerifierIn({ ...createVerifierContext(), fetch }, options);
    const token = unknownToken();
    expect((await verify(verifier, token)).status).toBe("ok");
    const { answer } = await polled;
    const closing = verifier.close();
    await left.asked;
    answer();
    await Bun.sleep(20);
    expect(verifier.verifyCached(token)).toBeNull();
    expect(await verifier.verify(token)).toEqual({ status: "unavailable" });
    expect(verifier.stats().isLive).toBe(false);
    left.answer();
    used.answer();
    await closing;
  });

  test("gives back, too, the lease that it has asked for when it closes", async () => {
    const { fetch: answer, left } = createFeed();
    const poll = hold();
    const fetch = async (url: string, init: RequestInit): Promise<Response> => {
      if (!(init.body as string).includes('"leave":true')) await poll.ask();
      return answer(url, init);
    };
    const options = { url: "https://conch.example", token: unknownToken() };
    const verifier = createVerifierIn({ ...createVerifierContext(), fetch }, options);
    await poll.asked;
    const closed = verifier.close().then(() => "closed");
    expect(await Promise.race([left.asked.then(() => "left"), closed])).toBe("left");
    left.answer();
    await closed;
  });

  test("is closed where both of two calls say so, after the last uses were reported", async () => {
    const { fetch, left, used } = createFeed();
    const options = { url: "https://conch.example", token: unknownToken() };
    const verifier = createVerifierIn({ ...createVerifierContext(), fetch }, options);
    expect((await verify(verifier, unknownToken())).status).toBe("ok");
    let closed = 0;
    const closing = [verifier.close(), verifier.close()].map((end) =>
      end.then(() => (closed += 1)),
    );
    await used.asked;
    left.answer();
    await Bun.sleep(20);
    expect([closed, used.isCutShort()]).toEqual([0, false]);
    used.answer();
    await Promise.all(closing);
    expect(used.isCutShort()).toBe(false);
  });

  test("refuses options that cannot be right", () => {
    const token = unknownToken();
    for (const url of [
      undefined,
      "",
      [],
      "nothing",
      "ftp://x",
      "https://u:p@x",
      "https://:p@x",
      "https://x/?a=1",
      // What the types rule out, plain JavaScript can still pass.
      new URL("https://x") as unknown as string,
      [null] as unknown as string[],
    ]) {
      expect(() => createVerifier({ url, token })).toThrow(/^url: /);
    }
    for (const value of [undefined, null, "conch_no"]) {
      const options = { url: "https://x", token: value as string | undefined };
      expect(() => createVerifier(options)).toThrow(/^token: /);
    }
    expect(() => createVerifier({ url: "https://x", token, entriesMax: 0 })).toThrow(TypeError);
    for (const usageIntervalMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
      expect(() => createVerifier({ url: "https://x", token, usageIntervalMs })).toThrow(TypeError);
    }
  });
});

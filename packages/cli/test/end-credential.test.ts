import { expect, test } from "bun:test";
import { createShell } from "./conch.ts";
import {
  ADA,
  createRecorder,
  loginAnswer,
  someJwt,
  someToken,
  tokenNamed,
  VERSION_HEADERS,
} from "./recorder.ts";

/** `profile delete --revoke` of an upgraded profile whose token the server refuses. */
async function deleteRefused(revocation: number | object) {
  using server = createRecorder();
  using shell = createShell({ CONCH_ENV: "development", CONCH_URL: server.url });
  const token = someToken();
  server.answer({
    "POST /login": () => loginAnswer(someJwt()),
    "POST /user/me/token": ({ body }) => {
      const made = tokenNamed(JSON.parse(body).name, token);
      return Response.json(made, { status: 201, headers: VERSION_HEADERS });
    },
    "*": 204,
  });
  const create = ["profile", "create", "--name", "ada", "--user", ADA.email, "--password", "-"];
  await shell.conch(create, { stdin: "a password of ada\n" });
  expect(await shell.conch(["profile", "upgrade"])).toMatchObject({ exitCode: 0 });
  const unauthorized = () => Response.json({ error: "Unauthorized" }, { status: 401 });
  server.answer({ "POST /oauth/revoke": () => revocation, "*": unauthorized });
  (server.requests as unknown[]).length = 0;
  const ended = await shell.conch(["profile", "delete", "ada", "--revoke", "--json"]);
  const left = JSON.parse((await shell.conch(["profile", "list", "--json"])).stdout);
  return {
    ended,
    left: left.length,
    last: server.requests.findLast(({ method }) => method === "POST"),
  };
}

test("a token that is refused is revoked by its value before it counts as ended", async () => {
  const { ended, left, last } = await deleteRefused(new Response(null, { status: 200 }));
  expect(ended).toMatchObject({ exitCode: 0 });
  expect(left).toBe(0);
  expect(last?.target).toBe("/oauth/revoke");
});

test("a server that does not have the route has said all that it can", async () => {
  const missing = Response.json({ error: "Not Found" }, { status: 404 });
  expect(await deleteRefused(missing)).toMatchObject({ ended: { exitCode: 0 }, left: 0 });
});

test("where the revocation may be undone, nothing is deleted", async () => {
  const error = { error: "unconfirmed", code: "revocation_unconfirmed", request_id: "r" };
  const { ended, left } = await deleteRefused(Response.json(error, { status: 503 }));
  expect(ended.exitCode).not.toBe(0);
  expect(left).toBe(1);
});

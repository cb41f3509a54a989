import { expect, test } from "bun:test";
import { join } from "node:path";
import { ROUTES } from "@conch/contract";

/** Routes that no command is made for, and why. All of them can be called with `conch api`. */
const EXEMPT: Readonly<Record<string, string>> = {
  ping: "for load balancers and people with curl",
  refreshSession: "a login is renewed by profile relogin, which proves that somebody is there",
  replaceSettings: "settings are set one by one, so that nobody loses those they did not name",
  verifyCredential: "for proxies in front of services",
  introspect: "for services, RFC 7662",
  getServerMetadata: "for services, RFC 8414",
  pollChanges: "for verifiers",
  lookUpToken: "for verifiers",
  reportUsage: "for verifiers",
};

async function sources(...folders: string[]): Promise<string> {
  const texts: string[] = [];
  for (const folder of folders) {
    const root = join(import.meta.dir, "../..", folder);
    for await (const path of new Bun.Glob("**/*.ts").scan(root)) {
      texts.push(await Bun.file(join(root, path)).text());
    }
  }
  return texts.join("\n");
}

test("every route of the contract has a command, or a reason to have none", async () => {
  const code = await sources("cli/src", "client/src");
  const called = (id: string) =>
    new RegExp(`call\\(\\s*${id}\\b|\\b${id} as \\w+|parseReply\\(${id}\\b`, "u").test(code);
  const missing = ROUTES.map(({ id }) => id).filter((id) => !called(id) && !(id in EXEMPT));
  expect(missing).toEqual([]);
  const superfluous = Object.keys(EXEMPT).filter(
    (id) => called(id) || !ROUTES.some((route) => route.id === id),
  );
  expect(superfluous).toEqual([]);
});

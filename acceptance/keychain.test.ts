// The system's key chain, through the binary: where secrets lie, and that they are nowhere else.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import {
  MISSING_FOR_SECRET_SERVICE,
  runWithSecretService,
} from "../packages/cli/test/profiles/secret-service.ts";
import { testBinaries } from "./harness/binaries.ts";
import { startServer } from "./harness/server.ts";

const ADMIN = { email: "ada@example.com", password: "violet-anchor-ninety-canoe" };

const SCRIPT = `
set -e
conch() { "$BINARIES/conch" --config "$CONFIG" "$@"; }
conch profile create --name ada --user ${ADMIN.email} --password - --store keychain --url "$URL" \
  <<<${ADMIN.password} >/dev/null
conch profile upgrade --json | grep '"store"'
conch profile list
conch user tokens --json | grep -c '"name"'
conch profile delete ada --revoke
conch profile list
`;

test.skipIf(MISSING_FOR_SECRET_SERVICE.length > 0)(
  "a login and a token in the key chain: stored, used, revoked, removed",
  async () => {
    const binaries = await testBinaries();
    const folder = mkdtempSync(join(tmpdir(), "conch-keychain-"));
    const config = join(folder, "conch.json");
    const server = await startServer(binaries, folder, ADMIN);
    try {
      const settings = [`BINARIES=${binaries}`, `CONFIG=${config}`, `URL=${server.url}`];
      const { exitCode, stdout, stderr } = await runWithSecretService([
        "env",
        ...settings,
        "bash",
        "-c",
        SCRIPT,
      ]);
      expect(exitCode, stderr).toBe(0);
      expect(stdout.split("\n").map((line) => line.trim())).toEqual([
        '"store": "keychain",',
        expect.stringMatching(/^NAME/),
        expect.stringMatching(/^\* +ada +ada@example.com +token +keychain +http/),
        "1",
        'deleted the profile "ada", and ended its credential on the server',
        "no profiles: make one with conch profile create",
        "",
      ]);
      expect(readFileSync(config, "utf8")).not.toMatch(/"(?:value|token)": "[^"]/);
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true });
    }
  },
  60_000,
);

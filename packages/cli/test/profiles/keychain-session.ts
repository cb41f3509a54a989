/** What is done with a real key chain, in one process: prints what it saw, as JSON. */
import { createSystemKeychain } from "../../src/profiles/keychain.ts";
import type { FileSystem } from "../../src/profiles/file-system.ts";
import { createTestConfig, failureOf } from "./setup.ts";

const keychain = createSystemKeychain(Bun.secrets);
let isFull = false;
const files = (real: FileSystem): FileSystem => ({
  ...real,
  createSynced(path, bytes, mode) {
    if (isFull) throw Object.assign(new Error("injected"), { code: "ENOSPC" });
    real.createSynced(path, bytes, mode);
  },
});
using config = createTestConfig({ profiles: { keychain }, files });

async function store(value: string): Promise<string> {
  const credential = { kind: "token", value, place: "keychain" } as const;
  await config.store.update((draft) => draft.put("ci", { apiUrl: "https://a", credential }));
  return accountOf("ci");
}

async function accountOf(name: string): Promise<string> {
  const { credential } = await config.find(name);
  if (credential.kind !== "token" || credential.secret.place !== "keychain") return "";
  return credential.secret.account;
}

await config.store.checkWritable("keychain");
const first = await store("conch_first");
const opened = await config.secrets.open(await config.find("ci"));
const isInFile = config.text().includes("conch_first");
const goToken = config.json().profiles.ci.token;

const second = await store("conch_second");
const afterReplacing = [await keychain.get(first), await keychain.get(second)];

isFull = true;
const failed = await failureOf(store("conch_third"));
isFull = false;
const afterFailing = [await accountOf("ci"), await keychain.get(second)];

await keychain.remove(second);
const lost = await failureOf(config.secrets.open(await config.find("ci")));

const third = await store("conch_fourth");
await config.store.update((draft) => draft.remove("ci"));
const afterRemoving = await keychain.get(third);

console.log(
  JSON.stringify({
    opened,
    isInFile,
    goToken,
    afterReplacing,
    failed: failed.code,
    isStillSecond: afterFailing[0] === second,
    afterFailing: afterFailing[1],
    lost: lost.code,
    afterRemoving,
  }),
);

/**
 * Changes one profile of a config file again and again until it is killed: `crash-writer.ts FILE NAME`.
 * Prints the number of each change when the store says that it is done.
 */
import { createNodeFileSystem } from "../../src/profiles/node-file-system.ts";
import { createProfiles } from "../../src/profiles/profiles.ts";
import { sha256 } from "./sha256.ts";

const [, , configPath = "", name = ""] = process.argv;
const none = () => Promise.reject(new Error("none in this test"));
const { store } = createProfiles({
  files: createNodeFileSystem({ isWindows: false }),
  keychain: { get: none, set: none, remove: none },
  loadRunProcess: none,
  notesStderr: false,
  clock: { nowMs: Date.now, sleep: Bun.sleep },
  env: {},
  readStdinLine: none,
  note: () => {},
  configPath,
  obfuscationKey: "crash test",
  sha256,
});

const last = (await store.read()).profiles.find((profile) => profile.name === name)?.user ?? "";
for (let count = Number(last) + 1; ; count += 1) {
  const credential = { kind: "token", value: `token-${name}-${count}`, place: "file" } as const;
  await store.update((draft) =>
    draft.put(name, { user: String(count), apiUrl: "https://conch.example.com", credential }),
  );
  console.log(count);
}

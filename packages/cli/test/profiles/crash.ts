/**
 * Kills writers of one config file at random moments, two at a time, and looks at the file after each
 * kill: it is whole, it has every profile, and no change that was reported as done is missing.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createNodeFileSystem } from "../../src/profiles/node-file-system.ts";
import { createProfiles } from "../../src/profiles/profiles.ts";
import { sha256 } from "./sha256.ts";

const WRITER = new URL("crash-writer.ts", import.meta.url).pathname;
const NAMES = ["left", "right"] as const;
/** From before the writer's first change to well within its tenth. */
const LIFE_MS_MAX = 40;

/** @returns the kills, and after how many of them a new file lay beside the config: a write was under way */
export async function crashWriters(kills: number): Promise<{ kills: number; midWrite: number }> {
  const directory = mkdtempSync(join(tmpdir(), "conch-crash-"));
  const configPath = join(directory, "conch.json");
  const none = () => Promise.reject(new Error("none in this test"));
  const { store, secrets } = createProfiles({
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
  const acknowledged = new Map<string, number>();
  let killed = 0;
  let midWrite = 0;

  async function crashOne(name: string): Promise<void> {
    const writer = Bun.spawn([process.execPath, WRITER, configPath, name], {
      stdout: "pipe",
      stderr: "inherit",
    });
    const reader = writer.stdout.getReader();
    let text = "";
    const { value: first } = await reader.read();
    text += new TextDecoder().decode(first);
    const timer = setTimeout(() => writer.kill("SIGKILL"), Math.random() * LIFE_MS_MAX);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += new TextDecoder().decode(value);
    }
    clearTimeout(timer);
    await writer.exited;
    if (writer.signalCode !== "SIGKILL") throw new Error(`the writer ended by itself: ${text}`);
    killed += 1;
    if (await Bun.file(`${configPath}.new`).exists()) midWrite += 1;
    const counts = text.slice(0, text.lastIndexOf("\n")).split("\n").map(Number);
    acknowledged.set(name, Math.max(...counts, acknowledged.get(name) ?? 0));
    await inspect();
  }

  /** Throws where the file is not whole, or an acknowledged change is missing. */
  async function inspect(): Promise<void> {
    const before = new Map(acknowledged);
    const { profiles } = await store.read();
    for (const [name, count] of before) {
      const profile = profiles.find((candidate) => candidate.name === name);
      if (profile === undefined) throw new Error(`the profile ${name} is lost`);
      if (Number(profile.user) < count) {
        throw new Error(`${name}: change ${count} was done, the file has ${profile.user}`);
      }
      const token = await secrets.open(profile);
      if (token !== `token-${name}-${profile.user}`) throw new Error(`${name}: half of a change`);
    }
  }

  try {
    await Promise.all(
      NAMES.map(async (name, index) => {
        const share = Math.floor(kills / NAMES.length) + (index < kills % NAMES.length ? 1 : 0);
        for (let round = 0; round < share; round += 1) await crashOne(name);
      }),
    );
    // And the next write works.
    await store.update((draft) => draft.activate("left"));
    return { kills: killed, midWrite };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

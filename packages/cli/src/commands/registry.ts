import type { AnyCommand } from "./command.ts";

/** What is known of a command without loading it. */
export interface IndexEntry {
  /** Its words; one in angle brackets stands for a value: `admin user <user> token rm`. */
  readonly path: string;
  readonly segments: readonly string[];
  /** Other names for the last word. */
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: AnyCommand }>;
}

/** A row of the index as it is written down. */
export interface IndexRow {
  readonly summary: string;
  /** Other names for the last word. */
  readonly aliases?: readonly string[];
  readonly load: IndexEntry["load"];
}

/** Other names for groups, by their first word. */
const GROUP_ALIASES: Readonly<Record<string, readonly string[]>> = {
  profile: ["prof"],
  user: ["u"],
};

/** What the groups are for, by their path. */
export const GROUP_SUMMARIES: Readonly<Record<string, string>> = {
  profile: "Profiles: which server, and as whom",
  "profile set": "Change a profile",
  user: "Your account, settings and API tokens",
  "user setting <name>": "One of your settings",
  "user token": "Your API tokens",
  admin: "Users, their tokens and access, for system administrators",
  "admin user <user>": "One user, by UUID or e-mail address",
  "admin user <user> token": "The API tokens of a user",
  api: "Raw calls with the credential in use",
};

/** Makes the index from rows by path. */
export function createIndex(rows: Readonly<Record<string, IndexRow>>): readonly IndexEntry[] {
  const index: IndexEntry[] = [];
  // A loop: a callback for each command is called often enough to be compiled, which takes longer
  // than all of this.
  for (const path of Object.keys(rows)) {
    const { summary, aliases = [], load } = rows[path]!;
    index.push({ path, segments: path.split(" "), aliases, summary, load });
  }
  return index;
}

/** Other names for the word of a command's path at that depth. */
export function aliasesAt({ segments, aliases }: IndexEntry, depth: number): readonly string[] {
  const ofGroup = depth === 0 ? (GROUP_ALIASES[segments[0] ?? ""] ?? []) : [];
  return depth === segments.length - 1 ? [...ofGroup, ...aliases] : ofGroup;
}

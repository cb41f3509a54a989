import type { AnyCommand } from "./command.ts";

/** What is known of a command without loading it. */
export interface IndexEntry {
  /** Its words; one in angle brackets stands for a value: `admin user <user> token rm`. */
  readonly path: string;
  readonly segments: readonly string[];
  /** The same with the aliases of each. */
  readonly names: readonly (readonly string[])[];
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
  return Object.entries(rows).map(([path, { summary, aliases = [], load }]) => {
    const segments = path.split(" ");
    const names = segments.map((segment, depth) => [
      segment,
      ...(depth === 0 ? (GROUP_ALIASES[segment] ?? []) : []),
      ...(depth === segments.length - 1 ? aliases : []),
    ]);
    return { path, segments, names, summary, load };
  });
}

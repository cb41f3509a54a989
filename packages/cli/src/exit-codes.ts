/** The exit codes of `conch`, as documented in `docs/cli.md`. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  credential: 3,
  forbidden: 4,
  notFound: 5,
  unavailable: 6,
  interrupted: 130,
} as const;

/** One of them. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each means, for help and documentation. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: "done",
  1: "failed: refused by the server (400, 409, 410), unusable server version, question answered no",
  2: "wrong usage: unknown command, option or environment; no URL for the environment; --force missing",
  3: "not logged in, or the credential was refused",
  4: "forbidden",
  5: "not found",
  6: "server unreachable, or failing (408, 429, 5xx, an answer that is not the protocol)",
  130: "interrupted",
};

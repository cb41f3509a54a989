import type { Options, OptionValues } from "./command.ts";

/** The options that every command takes, in any place. */
export const GLOBAL_OPTIONS = {
  json: { short: "j", summary: "Print one JSON document on stdout" },
  profile: { short: "p", value: "NAME", summary: "The profile to use", complete: "profiles" },
  token: {
    value: "TOKEN",
    summary: "The API token to use; - reads one line of stdin",
  },
  tokenFile: { value: "FILE", summary: "Read the API token from a file", complete: "files" },
  environment: {
    alias: "env",
    value: "ENVIRONMENT",
    summary: "production, staging or development",
    complete: ["production", "staging", "development"],
  },
  url: { value: "URL", summary: "The API's URL, with its base path" },
  config: { short: "c", value: "FILE", summary: "The config file", complete: "files" },
  timeout: { value: "SECONDS", summary: "Time limit of a request, connecting included (30)" },
  debug: { summary: "Show requests and answers on stderr, secrets masked" },
  trace: { summary: "The same with headers and bodies, secrets masked" },
  noColor: { summary: "No colours" },
  help: { short: "h", summary: "Show help" },
  version: { summary: "Show the client's version" },
} as const satisfies Options;

/** Their values. */
export type GlobalValues = OptionValues<typeof GLOBAL_OPTIONS>;

/** `purgeTokens` → `purge-tokens` */
export function flagOf(key: string): string {
  return key.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
}

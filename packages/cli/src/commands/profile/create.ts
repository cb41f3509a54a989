import { usageError } from "../../command-error.ts";
import type { CommandContext } from "../../command-context.ts";
import { checkToken } from "../../check-token.ts";
import { LOG_IN_OPTIONS, logIn } from "../../log-in.ts";
import { profileFields, showProfile } from "../../output/profiles.ts";
import { printable } from "../../output/style.ts";
import { BUILD_URLS, openProfiles, tellShadowed } from "../../profile-access.ts";
import { STORE_OPTION } from "../../profile-use.ts";
import { resolveDestination } from "../../profiles/destination.ts";
import type { NewCredential } from "../../profiles/profile.ts";
import type { Profiles } from "../../profiles/profiles.ts";
import { quoteWord } from "../../profiles/quote-word.ts";
import { ProfileError } from "../../profiles/profile-error.ts";
import { splitCommand } from "../../profiles/split-command.ts";
import { defineCommand, type OptionValues, NETWORK_ENVIRONMENT } from "../command.ts";

const OPTIONS = {
  name: { value: "NAME", summary: "the profile's name" },
  user: { value: "USER", summary: "log in as this user: an e-mail address or UUID" },
  ...LOG_IN_OPTIONS,
  workspace: { value: "WORKSPACE", summary: "accepted and ignored: there are no workspaces" },
  overwrite: { summary: "replace a profile of that name, with every credential that it has" },
  credentialProcess: {
    value: "COMMAND",
    summary: "get the token from a command that prints one, each time that it is needed",
  },
  store: STORE_OPTION,
} as const;

type CreateOptions = OptionValues<typeof OPTIONS>;

export const command = defineCommand({
  description:
    "With --token (or --token-file) the profile holds that API token, which the server is asked about\nfirst. With --user it holds a login session. The first profile made becomes the active one.",
  options: OPTIONS,
  examples: [
    {
      line: "profile create --name work --user ada@example.com",
      says: "Log in; the password is asked for",
    },
    {
      line: "profile create --name ci --token - < token.txt",
      says: "Keep an API token, without showing it to ps and the shell's history",
    },
  ],
  exitCodes: [3, 6],
  environment: ["CONCH_ENV", "CONCH_URL", "CONCH_CONFIG", ...NETWORK_ENVIRONMENT],
  async run({ options }, context) {
    const { name } = options;
    if (name === undefined) throw usageError("missing option --name NAME");
    if (name === "" || /\p{Cc}/u.test(name) || !name.isWellFormed()) {
      throw usageError(`"${name}" cannot be the name of a profile`);
    }
    if (context.globals.profile !== undefined) {
      context.note("--profile is not used here: --name names the profile to make");
    }
    const { environment, url } = context.globals;
    const input = { flags: { environment, url }, env: context.env, build: BUILD_URLS };
    const resolution = tellShadowed(context, resolveDestination(input));
    if (!resolution.ok) throw resolution.error;
    const { store, secrets } = openProfiles(context);
    const refuseExisting = (names: readonly { readonly name: string }[]) => {
      if (options.overwrite || !names.some((profile) => profile.name === name)) return;
      throw new ProfileError(
        "profile_exists",
        `there is a profile named "${name}" already`,
        "Choose another name, or replace it with --overwrite.",
      );
    };
    refuseExisting((await store.read()).profiles);
    await store.checkWritable(options.store ?? "file");
    const apiUrl = resolution.destination.url;
    const credential = await newCredential(context, options, { store, secrets }, apiUrl);
    const profile = await store.update(async (draft) => {
      refuseExisting(draft.profiles);
      const user = credential.kind === "session" ? (options.user ?? "") : "";
      await draft.put(name, { apiUrl, user, credential });
      return draft.find(name);
    });
    if (profile === null) throw new Error("the profile just made is gone");
    if (!profile.active) {
      context.note(`it is not the active profile: conch profile set active ${printable(name)}`);
    }
    const shown = await showProfile(profile, secrets);
    return { json: shown, text: (style) => profileFields(style, shown) };
  },
});

async function newCredential(
  context: CommandContext,
  options: CreateOptions,
  { secrets }: Profiles,
  url: string,
): Promise<NewCredential> {
  const place = options.store ?? "file";
  const { token, tokenFile } = context.globals;
  const { credentialProcess, user } = options;
  const unused = (["user", "password", "workspace"] as const).filter(
    (key) =>
      options[key] !== undefined &&
      (key === "workspace" || token !== undefined || tokenFile !== undefined),
  );
  if (unused.length > 0) {
    context.note(`not used: ${unused.map((key) => `--${key}`).join(", ")}`);
  }
  if (token !== undefined && tokenFile !== undefined) {
    throw usageError("--token and --token-file exclude each other");
  }
  if (credentialProcess !== undefined) {
    if (user !== undefined || token !== undefined || tokenFile !== undefined) {
      throw usageError("--credential-process excludes --user, --token and --token-file");
    }
    const command = splitCommand(credentialProcess);
    if (command === null || command.length === 0) {
      throw usageError(
        "--credential-process is not a command: a quote does not end, or it is empty",
      );
    }
    return { kind: "process", command };
  }
  if (token !== undefined || tokenFile !== undefined) {
    const value =
      token === undefined
        ? await secrets.openDirect({ from: "file", path: tokenFile ?? "" }, "--token-file")
        : await secrets.openDirect(
            token === "-" ? { from: "stdin" } : { from: "value", value: token },
            "--token",
          );
    await checkToken(context, url, value);
    return { kind: "token", value, place };
  }
  if (user === undefined) {
    throw usageError(
      "neither --token nor --user is given",
      "--user USER logs in; --token - reads an API token from stdin",
    );
  }
  const session = await logIn(context, {
    url,
    user,
    password: options.password,
    newPassword: options.newPassword,
    commandLine: `conch profile create --name ${quoteWord(options.name ?? "")} --user ${quoteWord(user)} --password - --new-password -`,
  });
  return { kind: "session", value: session.jwt, place, expiresAtMs: session.expiresAtMs };
}

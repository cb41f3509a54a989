import { toTimestamp, toTimestampOrNull } from "@conch/contract/time";

import { commandFingerprint } from "./credential-process.ts";
import {
  expiryOfJwt,
  GO_ZERO_TIME,
  plainSessionOf,
  profilesObject,
  readProfiles,
} from "./config-shape.ts";
import type { JsonObject, JsonValue } from "./json-document.ts";
import type { ConfigDraft, NewCredential, Profile, SecretPlace } from "./profile.ts";
import { ProfileError } from "./profile-error.ts";

/** Puts new secrets where they belong. */
export interface SecretWriter {
  /** @returns the text for the file and the fingerprint of the key that it was written with */
  obfuscate(secret: string): Promise<{ text: string; keyFingerprint: string }>;
  /** @returns the account under which the key chain holds it. @throws ProfileError `keychain_unavailable` */
  storeInKeychain(profileName: string, secret: string): Promise<string>;
  removeFromKeychain(account: string): Promise<void>;
  /** @throws ProfileError `keychain_unavailable` where none answers */
  checkKeychain(): Promise<void>;
}

/** A draft, and what the store needs to finish it. */
export interface OpenDraft {
  readonly draft: ConfigDraft;
  /** Moves sessions that lie in the clear into our own member. */
  hidePlainSessions(): Promise<void>;
  /** Key chain entries that were made for this draft: to be removed where the write fails. */
  readonly keychainAdded: readonly string[];
  /** Those that nothing refers to any more: to be removed when the write has succeeded. */
  keychainOrphans(): string[];
}

/** Members of ours, beside the Go client's. */
const OWN_MEMBERS = [
  "token_info",
  "session",
  "credential_process",
  "credential_process_cache",
] as const;

function object(members: Record<string, JsonValue>): JsonObject {
  return new Map(Object.entries(members));
}

/** The members that hold credentials, at the values that the Go client writes for none. */
function clearCredentials(profile: JsonObject): void {
  clearPlainSession(profile);
  profile.set("token", "");
  for (const name of OWN_MEMBERS) profile.delete(name);
}

function clearPlainSession(profile: JsonObject): void {
  profile.set(
    "jwt",
    object({ Expires: GO_ZERO_TIME, Header: null, Claims: null, Token: "", Signature: "" }),
  );
  profile.set("expires", GO_ZERO_TIME);
}

function emptyProfile(name: string): JsonObject {
  const profile = object({
    name,
    user: "",
    workspace_id: "00000000-0000-0000-0000-000000000000",
    workspace_name: "",
    api_url: "",
    active: false,
  });
  clearCredentials(profile);
  return profile;
}

function keychainAccounts(profiles: readonly Profile[]): Set<string> {
  const accounts = new Set<string>();
  for (const { credential } of profiles) {
    if (credential.kind !== "token" && credential.kind !== "session") continue;
    if (credential.secret.place === "keychain") accounts.add(credential.secret.account);
  }
  return accounts;
}

function notFound(name: string, profiles: readonly Profile[]): ProfileError {
  const names = profiles.map((profile) => profile.name).join(", ");
  return new ProfileError(
    "profile_not_found",
    `there is no profile "${name}"`,
    names === "" ? "Make one with `conch profile create`." : `There are: ${names}`,
  );
}

/** @param root the parsed file; the draft changes it in place */
export function openDraft(root: JsonObject, secrets: SecretWriter): OpenDraft {
  const accountsBefore = keychainAccounts(readProfiles(root));
  const keychainAdded: string[] = [];

  function entries(): JsonObject {
    const existing = profilesObject(root);
    if (existing !== null) return existing;
    const created: JsonObject = new Map();
    root.set("profiles", created);
    return created;
  }

  function existing(name: string): JsonObject {
    const entry = entries().get(name);
    if (!(entry instanceof Map)) throw notFound(name, readProfiles(root));
    return entry;
  }

  /** Members that say where a secret lies. */
  async function place(name: string, value: string, where: SecretPlace): Promise<JsonObject> {
    if (where === "keychain") {
      const account = await secrets.storeInKeychain(name, value);
      keychainAdded.push(account);
      return object({ keychain: account });
    }
    const { text, keyFingerprint } = await secrets.obfuscate(value);
    return object({ value: text, key: keyFingerprint });
  }

  async function setCredential(
    name: string,
    profile: JsonObject,
    credential: NewCredential,
  ): Promise<void> {
    if (credential.kind === "none") return clearCredentials(profile);
    if (credential.kind === "process") {
      clearCredentials(profile);
      profile.set("credential_process", [...credential.command]);
      return;
    }
    const secret = await place(name, credential.value, credential.place);
    clearCredentials(profile);
    if (credential.kind === "token") {
      // The Go client's own member, so that it can read the token too.
      profile.set("token", secret.get("value") ?? "");
      secret.delete("value");
      if (credential.tokenName) secret.set("name", credential.tokenName);
      if (credential.expiresAtMs) secret.set("expires", toTimestamp(credential.expiresAtMs));
      profile.set("token_info", secret);
      return;
    }
    const expiresAtMs = credential.expiresAtMs ?? expiryOfJwt(credential.value);
    secret.set("expires", toTimestampOrNull(expiresAtMs));
    profile.set("session", secret);
  }

  const draft: ConfigDraft = {
    get profiles() {
      return readProfiles(root);
    },

    find(name) {
      return readProfiles(root).find((profile) => profile.name === name) ?? null;
    },

    async put(name, change) {
      const profiles = entries();
      const found = profiles.get(name);
      const isFirst = profiles.size === 0;
      const profile = found instanceof Map ? found : emptyProfile(name);
      if (change.credential) await setCredential(name, profile, change.credential);
      if (change.user !== undefined) profile.set("user", change.user);
      if (change.apiUrl !== undefined) profile.set("api_url", change.apiUrl);
      if (isFirst) profile.set("active", true);
      profiles.set(name, profile);
    },

    async cacheProcessToken(name, { command, value, expiresAtMs }) {
      const current = draft.find(name)?.credential;
      const cachedFor = await commandFingerprint(command);
      if (current?.kind !== "process") return;
      if ((await commandFingerprint(current.command)) !== cachedFor) return;
      const secret = await place(name, value, "file");
      secret.set("expires", toTimestamp(expiresAtMs));
      secret.set("command", cachedFor);
      existing(name).set("credential_process_cache", secret);
    },

    forgetProcessToken(name) {
      existing(name).delete("credential_process_cache");
    },

    remove(name) {
      existing(name);
      entries().delete(name);
    },

    activate(name) {
      existing(name);
      for (const [other, entry] of entries()) {
        if (!(entry instanceof Map)) continue;
        if (other === name) entry.set("active", true);
        else if (entry.get("active") === true) entry.set("active", false);
      }
    },
  };

  return {
    draft,
    keychainAdded,

    async hidePlainSessions() {
      for (const [name, entry] of entries()) {
        if (!(entry instanceof Map)) continue;
        const session = plainSessionOf(entry);
        if (session?.secret.place !== "file") continue;
        const secret = await place(name, session.secret.text, "file");
        secret.set("expires", toTimestampOrNull(session.expiresAtMs));
        clearPlainSession(entry);
        entry.set("session", secret);
      }
    },

    keychainOrphans() {
      const kept = keychainAccounts(readProfiles(root));
      return [...accountsBefore].filter((account) => !kept.has(account));
    },
  };
}

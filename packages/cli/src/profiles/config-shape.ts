/**
 * The config file's members: the Go client's layout (both of its ages) and ours beside it. Reads them
 * into profiles; a member of the wrong type is an error that names its path. Unknown members are not
 * looked at.
 */
import { parseTimestamp } from "@conch/contract/time";

import { JsonNumber, type JsonObject, type JsonValue } from "./json-document.ts";
import type { Credential, Profile, SessionCredential, StoredSecret } from "./profile.ts";
import { splitCommand } from "./split-command.ts";

/** What the Go client writes where there is no time. */
export const GO_ZERO_TIME = "0001-01-01T00:00:00Z";
/** Times above this are milliseconds: as seconds they would lie in the year 5138. */
const SECONDS_MAX = 1e11;
/** The last time that a date can be (ECMA-262, "Time Values and Time Range"). */
const TIME_MS_MAX = 8.64e15;

/** A member of the wrong type, by its path inside the file. */
export class ConfigShapeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConfigShapeError";
  }
}

/** A value and where it stands; its path is put together only for a message. */
interface Place {
  readonly value: JsonValue | undefined;
  readonly name: string | number;
  readonly outer: Place | null;
}

function typeOf(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (value instanceof Map) return "an object";
  if (value instanceof JsonNumber) return "a number";
  return typeof value === "string" ? "a string" : "true or false";
}

function wrong(place: Place, expected: string): never {
  const found = place.value === undefined ? "nothing" : typeOf(place.value);
  throw new ConfigShapeError(`${pathOf(place)}: expected ${expected}, found ${found}`);
}

/** `profiles.ci.token`, `profiles["a / b"].token`, `command[1]` */
function pathOf({ name, outer }: Place): string {
  if (outer === null) return "the file";
  const before = outer.outer === null ? "" : pathOf(outer);
  if (typeof name === "string" && /^[A-Za-z_]\w*$/.test(name)) {
    return before === "" ? name : `${before}.${name}`;
  }
  return `${before}[${JSON.stringify(name)}]`;
}

function rootPlace(root: JsonValue): Place {
  return { value: root, name: "", outer: null };
}

/** A member of an object; absent where the outer value is absent itself. */
function member(outer: Place, name: string): Place {
  return { value: outer.value instanceof Map ? outer.value.get(name) : undefined, name, outer };
}

function isAbsent(place: Place): boolean {
  return place.value === undefined || place.value === null;
}

function objectAt(place: Place): JsonObject | null {
  if (isAbsent(place)) return null;
  return place.value instanceof Map ? place.value : wrong(place, "an object");
}

function textAt(place: Place): string {
  if (isAbsent(place)) return "";
  return typeof place.value === "string" ? place.value : wrong(place, "a string");
}

function flagAt(place: Place): boolean {
  if (isAbsent(place)) return false;
  return typeof place.value === "boolean" ? place.value : wrong(place, "true or false");
}

/** A time as RFC 3339 text, or (older layout) as a number of seconds; `null` for Go's zero values. */
function timeAt(place: Place): number | null {
  const { value } = place;
  if (isAbsent(place) || value === "" || value === GO_ZERO_TIME) return null;
  if (value instanceof JsonNumber) {
    const time = Number(value.text);
    if (!(time <= TIME_MS_MAX)) return wrong(place, "a time");
    if (time <= 0) return null;
    return time < SECONDS_MAX ? time * 1000 : time;
  }
  if (typeof value !== "string") return wrong(place, "a time");
  return parseTimestamp(value) ?? wrong(place, "a time such as 2031-01-01T00:00:00Z");
}

/** When a JWT says that it ends, or `null` where it does not say. */
export function expiryOfJwt(jwt: string): number | null {
  try {
    const payload = Uint8Array.fromBase64(jwt.split(".")[1] ?? "", { alphabet: "base64url" });
    const claims: unknown = JSON.parse(new TextDecoder().decode(payload));
    const exp = (claims as { exp?: unknown } | null)?.exp;
    return typeof exp === "number" && exp > 0 && exp * 1000 <= TIME_MS_MAX ? exp * 1000 : null;
  } catch {
    return null;
  }
}

/** A secret of ours: `{"value", "key"}` or `{"keychain"}`. */
function secretAt(place: Place): StoredSecret | null {
  const account = textAt(member(place, "keychain"));
  if (account !== "") return { place: "keychain", account };
  return obfuscatedAt(member(place, "value"), place);
}

/** @param info the object that holds the fingerprint of its key */
function obfuscatedAt(secret: Place, info: Place): StoredSecret | null {
  const text = textAt(secret);
  const keyFingerprint = textAt(member(info, "key")) || null;
  return text === "" ? null : { place: "file", form: "obfuscated", text, keyFingerprint };
}

function processAt(profile: Place): Credential | null {
  const place = member(profile, "credential_process");
  if (isAbsent(place) || place.value === "") return null;
  const command = commandAt(place);
  const cache = member(profile, "credential_process_cache");
  if (objectAt(cache) === null) return { kind: "process", command, cached: null };
  const text = textAt(member(cache, "value"));
  const expiresAtMs = timeAt(member(cache, "expires")) ?? 0;
  const commandFingerprint = textAt(member(cache, "command"));
  return { kind: "process", command, cached: { text, expiresAtMs, commandFingerprint } };
}

function commandAt(place: Place): string[] {
  const { value } = place;
  const words = typeof value === "string" ? splitCommand(value) : value;
  if (words === null) return wrong(place, "a command whose quotes all end");
  if (!Array.isArray(words)) return wrong(place, "a command: a string, or an array of strings");
  const command = words.map((item, name) => textAt({ value: item, name, outer: place }));
  if ((command[0] ?? "") !== "") return command;
  return wrong({ value: words[0], name: 0, outer: place }, "a program");
}

function tokenAt(profile: Place): Credential | null {
  const info = member(profile, "token_info");
  objectAt(info);
  const inInfo = secretAt(info);
  const tokenName = textAt(member(info, "name")) || null;
  const expiresAtMs = timeAt(member(info, "expires"));
  const secret = obfuscatedAt(member(profile, "token"), info);
  if (secret !== null) return { kind: "token", secret, tokenName, expiresAtMs };
  if (inInfo?.place !== "keychain") return null;
  return { kind: "token", secret: inInfo, tokenName, expiresAtMs };
}

function sessionAt(profile: Place): Credential | null {
  const place = member(profile, "session");
  if (objectAt(place) === null) return null;
  const secret = secretAt(place);
  const expiresAtMs = timeAt(member(place, "expires"));
  return secret === null ? null : { kind: "session", secret, expiresAtMs };
}

/** A session in the clear, as the Go client keeps it. */
function plainSessionAt(profile: Place): SessionCredential | null {
  const place = member(profile, "jwt");
  const expires = timeAt(member(profile, "expires"));
  if (typeof place.value === "string") return plainSession(place.value, expires);
  if (objectAt(place) === null) return null;
  const token = textAt(member(place, "Token"));
  const signature = textAt(member(place, "Signature"));
  const ends = timeAt(member(place, "Expires")) ?? expires;
  return plainSession(signature === "" ? token : `${token}.${signature}`, ends);
}

function plainSession(jwt: string, expires: number | null): SessionCredential | null {
  if (jwt === "") return null;
  const secret = { place: "file", form: "plain", text: jwt } as const;
  return { kind: "session", secret, expiresAtMs: expires ?? expiryOfJwt(jwt) };
}

function readProfile(name: string, place: Place): Profile {
  if (!(place.value instanceof Map)) return wrong(place, "an object");
  const candidates = [
    processAt(place),
    tokenAt(place),
    // A session in the clear is the newer one: we leave that member empty when we write ours.
    plainSessionAt(place),
    sessionAt(place),
  ];
  return {
    name,
    user: textAt(member(place, "user")),
    apiUrl: textAt(member(place, "api_url")),
    active: flagAt(member(place, "active")),
    credential: candidates.find((candidate) => candidate !== null) ?? { kind: "none" },
  };
}

/** The file's outermost value. @throws ConfigShapeError */
export function rootObject(root: JsonValue): JsonObject {
  return root instanceof Map ? root : wrong(rootPlace(root), "an object");
}

/** The object that holds the profiles, or `null` where the file has none yet. */
export function profilesObject(root: JsonObject): JsonObject | null {
  return objectAt(member(rootPlace(root), "profiles"));
}

/** The session that one of them has in the clear, whatever else it has. @throws ConfigShapeError */
export function plainSessionOf(profile: JsonObject): SessionCredential | null {
  return plainSessionAt(rootPlace(profile));
}

/** @throws ConfigShapeError naming the path of the first member of a wrong type */
export function readProfiles(root: JsonObject): Profile[] {
  const outer = member(rootPlace(root), "profiles");
  return Array.from(objectAt(outer) ?? [], ([name, value]) =>
    readProfile(name, { value, name, outer }),
  );
}

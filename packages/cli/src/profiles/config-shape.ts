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

/** A member of the wrong type, by its path inside the file. */
export class ConfigShapeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConfigShapeError";
  }
}

/** A value and where it stands, for messages. */
interface Place {
  readonly value: JsonValue | undefined;
  readonly path: string;
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
  throw new ConfigShapeError(`${place.path}: expected ${expected}, found ${found}`);
}

/** `profiles.ci.token`, `profiles["a / b"].token` */
function pathOf(outer: string, name: string): string {
  if (!/^[A-Za-z_]\w*$/.test(name)) return `${outer}[${JSON.stringify(name)}]`;
  return outer === "" ? name : `${outer}.${name}`;
}

function member(object: JsonObject, outer: string, name: string): Place {
  return { value: object.get(name), path: pathOf(outer, name) };
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
    if (!Number.isFinite(time)) return wrong(place, "a time");
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
    return typeof exp === "number" && Number.isFinite(exp) && exp > 0 ? exp * 1000 : null;
  } catch {
    return null;
  }
}

/** A secret of ours: `{"value", "key"}` or `{"keychain"}`. */
function secretAt(object: JsonObject, path: string): StoredSecret | null {
  const account = textAt(member(object, path, "keychain"));
  if (account !== "") return { place: "keychain", account };
  const text = textAt(member(object, path, "value"));
  const keyFingerprint = textAt(member(object, path, "key")) || null;
  return text === "" ? null : { place: "file", form: "obfuscated", text, keyFingerprint };
}

function processAt(profile: JsonObject, path: string): Credential | null {
  const place = member(profile, path, "credential_process");
  if (isAbsent(place) || place.value === "") return null;
  const command = commandAt(place);
  const cache = member(profile, path, "credential_process_cache");
  const object = objectAt(cache);
  if (object === null) return { kind: "process", command, cached: null };
  const text = textAt(member(object, cache.path, "value"));
  const expiresAtMs = timeAt(member(object, cache.path, "expires")) ?? 0;
  const commandFingerprint = textAt(member(object, cache.path, "command"));
  return { kind: "process", command, cached: { text, expiresAtMs, commandFingerprint } };
}

function commandAt(place: Place): string[] {
  const { value } = place;
  const words = typeof value === "string" ? splitCommand(value) : value;
  if (words === null) return wrong(place, "a command whose quotes all end");
  if (!Array.isArray(words)) return wrong(place, "a command: a string, or an array of strings");
  const command = words.map((item, index) =>
    textAt({ value: item, path: `${place.path}[${index}]` }),
  );
  if ((command[0] ?? "") === "") return wrong({ ...place, path: `${place.path}[0]` }, "a program");
  return command;
}

function tokenAt(profile: JsonObject, path: string): Credential | null {
  const text = textAt(member(profile, path, "token"));
  const info = member(profile, path, "token_info");
  const object: JsonObject = objectAt(info) ?? new Map();
  const stored = secretAt(object, info.path);
  const tokenName = textAt(member(object, info.path, "name")) || null;
  const expiresAtMs = timeAt(member(object, info.path, "expires"));
  if (text !== "") {
    const keyFingerprint = textAt(member(object, info.path, "key")) || null;
    const secret = { place: "file", form: "obfuscated", text, keyFingerprint } as const;
    return { kind: "token", secret, tokenName, expiresAtMs };
  }
  if (stored?.place !== "keychain") return null;
  return { kind: "token", secret: stored, tokenName, expiresAtMs };
}

function sessionAt(profile: JsonObject, path: string): Credential | null {
  const place = member(profile, path, "session");
  const object = objectAt(place);
  if (object === null) return null;
  const secret = secretAt(object, place.path);
  const expiresAtMs = timeAt(member(object, place.path, "expires"));
  return secret === null ? null : { kind: "session", secret, expiresAtMs };
}

/** A session in the clear, as the Go client keeps it. */
export function plainSessionAt(profile: JsonObject, path: string): SessionCredential | null {
  const place = member(profile, path, "jwt");
  const expires = timeAt(member(profile, path, "expires"));
  if (typeof place.value === "string") return plainSession(place.value, expires);
  const jwt = objectAt(place);
  if (jwt === null) return null;
  const token = textAt(member(jwt, place.path, "Token"));
  const signature = textAt(member(jwt, place.path, "Signature"));
  const ends = timeAt(member(jwt, place.path, "Expires")) ?? expires;
  return plainSession(signature === "" ? token : `${token}.${signature}`, ends);
}

function plainSession(jwt: string, expires: number | null): SessionCredential | null {
  if (jwt === "") return null;
  const secret = { place: "file", form: "plain", text: jwt } as const;
  return { kind: "session", secret, expiresAtMs: expires ?? expiryOfJwt(jwt) };
}

function readProfile(name: string, place: Place): Profile {
  if (!(place.value instanceof Map)) return wrong(place, "an object");
  const object = place.value;
  const candidates = [
    processAt(object, place.path),
    tokenAt(object, place.path),
    // A session in the clear is the newer one: we leave that member empty when we write ours.
    plainSessionAt(object, place.path),
    sessionAt(object, place.path),
  ];
  return {
    name,
    user: textAt(member(object, place.path, "user")),
    apiUrl: textAt(member(object, place.path, "api_url")),
    active: flagAt(member(object, place.path, "active")),
    credential: candidates.find((candidate) => candidate !== null) ?? { kind: "none" },
  };
}

/** The file's outermost value. @throws ConfigShapeError */
export function rootObject(root: JsonValue): JsonObject {
  return root instanceof Map ? root : wrong({ value: root, path: "the file" }, "an object");
}

/** The object that holds the profiles, or `null` where the file has none yet. */
export function profilesObject(root: JsonObject): JsonObject | null {
  return objectAt(member(root, "", "profiles"));
}

/** @throws ConfigShapeError naming the path of the first member of a wrong type */
export function readProfiles(root: JsonObject): Profile[] {
  return Array.from(profilesObject(root) ?? [], ([name, value]) =>
    readProfile(name, { value, path: pathOf("profiles", name) }),
  );
}

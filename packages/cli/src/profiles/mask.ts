/**
 * What `--debug` and `--trace` print instead of secrets: `‹sha256:1a2b3c4d›`. Masks what it was told
 * to remember, what looks like a credential, and what stands where credentials stand.
 */
import { fingerprint } from "./fingerprint.ts";

/** Masks secrets in what is about to be printed. */
export interface Masker {
  /** From now on this value is masked wherever it appears, also escaped for JSON, URLs or HTML, or in base64. */
  remember(secret: string): void;
  /** Any text: a body, a URL, a message. */
  text(text: string): Promise<string>;
  /** Only what it was told to remember: for answers, in which a new secret is what was asked for. */
  known(text: string): Promise<string>;
  /** Header fields, in their order. */
  headers(headers: Iterable<[string, string]>): Promise<[string, string][]>;
}

/** Shorter values would match by chance, and make a trace unreadable. */
const REMEMBERED_LENGTH_MIN = 4;

/**
 * What members, fields and parameters that hold a secret end in. `clear_tokens` is none of them.
 * Bounded, as all repeats below that may begin anywhere: a megabyte of one word must not take hours.
 */
const SECRET_NAMES =
  "[\\w-]{0,64}(?:password|passwd|secret|token|jwt|jwt_sig|signature|assertion|authorization|api[-_]?key)";
/** Named `secret` in each: the part to be masked. What comes before it is kept. */
const PATTERNS = [
  // "password": "…", also cut off before its end, and JSON within JSON
  `(?<json>"${SECRET_NAMES}\\\\{0,8}"\\s*:\\s*\\\\{0,8}")(?<jsonSecret>(?:[^"\\\\]|\\\\.)+)`,
  // password=…, jwt_sig=…, in forms, queries and cookies
  `(?<form>\\b${SECRET_NAMES}=)(?<formSecret>[^&;\\s"']+)`,
  `(?<scheme>\\b(?:Bearer|Basic)\\s+)(?<schemeSecret>[^\\s"',]+)`,
  // user:password@host
  `(?<url>://[^/?#\\s"@:]*:)(?<urlSecret>[^/?#\\s"@]+)(?=@)`,
  "(?<jwt>\\beyJ[\\w-]{0,1024}\\.[\\w-]+(?:\\.[\\w-]*)?)",
  // Long enough not to be the name of a variable: patterns do not look at case.
  "(?<token>\\bconch_[0-9A-Za-z]{16,})",
];

/** Fields whose whole value is a credential, but for a scheme or the name of a cookie. */
const SECRET_HEADER = new RegExp(`^(?:(?:set-)?cookie|${SECRET_NAMES})$`);

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

const HTML_ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** How servers and proxies that repeat a text may write it. */
function spellings(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  // As of writers that keep to ASCII, or escape slashes, too.
  const asciiJson = json.replace(
    /[\u007F-\uFFFF]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const bytes = new TextEncoder().encode(secret);
  return [
    secret,
    ...[json, asciiJson].flatMap((text) => [text, text.replaceAll("/", "\\/")]),
    encodeURIComponent(secret),
    // As in forms, where a space is a plus.
    new URLSearchParams({ "": secret }).toString().slice(1),
    secret.replace(/[&<>"']/g, (character) => HTML_ENTITIES[character] ?? character),
    ...(["base64", "base64url"] as const).flatMap((alphabet) => base64Within(bytes, alphabet)),
  ];
}

/**
 * What base64 of any text shows where these bytes are in it: three spellings, by where they begin.
 * Digits at the edges that hold bits of their neighbours are left out.
 */
function base64Within(bytes: Uint8Array, alphabet: "base64" | "base64url"): string[] {
  return [0, 1, 2].map((offset) => {
    const padded = new Uint8Array(offset + bytes.length);
    padded.set(bytes, offset);
    const digits = padded.toBase64({ alphabet, omitPadding: true });
    const isWhole = padded.length % 3 === 0;
    return digits.slice(Math.ceil((offset * 4) / 3), isWhole ? undefined : -1);
  });
}

/** Makes one that knows no secrets yet. */
export function createMasker(): Masker {
  const remembered = new Set<string>();
  let patterns: { readonly all: RegExp; readonly known: RegExp | null } | null = null;

  function compile() {
    // The longest first: one secret may begin with another.
    const secrets = [...remembered].sort((a, b) => b.length - a.length).map(escapeRegExp);
    const known = secrets.length === 0 ? [] : [`(?<known>${secrets.join("|")})`];
    return {
      all: new RegExp([...known, ...PATTERNS].join("|"), "gi"),
      known: known.length === 0 ? null : new RegExp(known.join(""), "gi"),
    };
  }

  async function masked(secret: string): Promise<string> {
    return `‹${await fingerprint(secret)}›`;
  }

  async function maskMatch(match: RegExpExecArray): Promise<string> {
    const groups = match.groups ?? {};
    const whole = groups["known"] ?? groups["jwt"] ?? groups["token"];
    if (whole !== undefined) return masked(whole);
    for (const kind of ["json", "form", "scheme", "url"]) {
      const secret = groups[`${kind}Secret`];
      if (secret !== undefined) return `${groups[kind] ?? ""}${await masked(secret)}`;
    }
    return match[0];
  }

  async function mask(original: string, pattern: RegExp): Promise<string> {
    let result = "";
    let end = 0;
    for (const match of original.matchAll(pattern)) {
      result += original.slice(end, match.index) + (await maskMatch(match));
      end = match.index + match[0].length;
    }
    return result + original.slice(end);
  }

  function text(original: string): Promise<string> {
    patterns ??= compile();
    return mask(original, patterns.all);
  }

  async function secretHeader(name: string, value: string): Promise<string> {
    if (!name.endsWith("cookie")) {
      const [scheme = "", ...rest] = value.split(" ");
      return rest.length === 0 ? masked(value) : `${scheme} ${await masked(rest.join(" "))}`;
    }
    const [cookie = "", ...attributes] = value.split(";");
    const crumbs = name === "cookie" ? value.split(";") : [cookie];
    const shown = await Promise.all(
      crumbs.map(async (crumb) => {
        const equals = crumb.indexOf("=");
        return crumb.slice(0, equals + 1) + (await masked(crumb.slice(equals + 1)));
      }),
    );
    return name === "cookie" ? shown.join(";") : [shown[0] ?? "", ...attributes].join(";");
  }

  return {
    remember(secret) {
      if (secret.length < REMEMBERED_LENGTH_MIN) return;
      for (const spelling of spellings(secret.toWellFormed())) remembered.add(spelling);
      patterns = null;
    },

    text,

    async known(original) {
      patterns ??= compile();
      return patterns.known === null ? original : mask(original, patterns.known);
    },

    headers(headers) {
      return Promise.all(
        Array.from(headers, async ([name, value]): Promise<[string, string]> => {
          const lower = name.toLowerCase();
          const shown = SECRET_HEADER.test(lower)
            ? await secretHeader(lower, value)
            : await text(value);
          return [name, shown];
        }),
      );
    },
  };
}

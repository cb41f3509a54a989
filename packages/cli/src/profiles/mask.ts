/**
 * What `--debug` and `--trace` print instead of secrets: `‹sha256:1a2b3c4d›`. Masks what it was told
 * to remember, what looks like a credential, and what stands where credentials stand.
 */
import { fingerprint } from "./fingerprint.ts";

/** Masks secrets in what is about to be printed. */
export interface Masker {
  /** From now on this value is masked wherever it appears, also escaped for JSON or a URL. */
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
  // "password": "…", also cut off before its end
  `(?<json>"${SECRET_NAMES}"\\s*:\\s*")(?<jsonSecret>(?:[^"\\\\]|\\\\.)+)`,
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
      remembered.add(secret);
      remembered.add(JSON.stringify(secret).slice(1, -1));
      remembered.add(encodeURIComponent(secret.toWellFormed()));
      // As in forms, where a space is a plus.
      remembered.add(new URLSearchParams({ "": secret }).toString().slice(1));
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

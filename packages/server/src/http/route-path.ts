import type { Route } from "@conch/contract";

/** A path of the contract, ready to be compared with a request's. */
export interface RoutePath {
  /** As `Bun.serve` spells it: `/user/:user/token/:name`. */
  readonly pattern: string;
  /**
   * The decoded parameters, or `null` where the URL is not this path.
   *
   * @param url the request's URL as the runtime hands it out.
   */
  match(url: string): Record<string, string> | null;
}

/**
 * The runtime matches the path as it was sent, where `%2e%2e` is a parameter's value like any other,
 * while proxies and libraries resolve dot segments. Both readings must agree: the path is taken from
 * the normalised URL, must have the pattern's number of segments, none of them empty, and each is
 * decoded strictly. So a token's name can never turn one route into another.
 */
export function createRoutePath(path: Route["path"]): RoutePath {
  const segments = path.split("/").map((text) => {
    const name = /^\{(\w+)\}$/.exec(text)?.[1];
    return name === undefined ? { text } : { text, name };
  });
  return {
    pattern: segments.map(({ text, name }) => (name === undefined ? text : `:${name}`)).join("/"),
    match(url) {
      const pathname = pathnameOf(url);
      if (pathname === null) return null;
      const given = pathname.split("/");
      if (given.length !== segments.length) return null;
      const params: Record<string, string> = {};
      for (const [index, segment] of segments.entries()) {
        const text = given[index] ?? "";
        if (segment.name === undefined) {
          if (text !== segment.text) return null;
          continue;
        }
        const value = decodeSegment(text);
        if (value === null || value === "") return null;
        params[segment.name] = value;
      }
      return params;
    },
  };
}

/** The normalised path; `null` for a URL with a fragment, which no client may send. */
function pathnameOf(url: string): string | null {
  // Without a usable Host header the runtime hands out the path alone.
  if (url.includes("#") || !URL.canParse(url, "http://localhost")) return null;
  return new URL(url, "http://localhost").pathname;
}

function decodeSegment(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

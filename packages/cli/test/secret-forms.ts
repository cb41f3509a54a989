/** The ways in which a server, a proxy or a log may write a secret: none of them may be seen. */
export function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const asciiJson = json.replace(/[\u{80}-\u{10FFFF}]/gu, (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
  const percent = encodeURIComponent(secret);
  const lower = percent.replace(/%../gu, (escape) => escape.toLowerCase());
  const forms = [
    secret,
    json,
    asciiJson,
    asciiJson.replaceAll("/", "\\/"),
    percent,
    lower,
    percent.replaceAll("%20", "+"),
    new URLSearchParams({ secret }).toString().slice("secret=".length),
    secret
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;"),
    Buffer.from(secret).toString("base64").replace(/=+$/u, ""),
    Buffer.from(secret).toString("base64url"),
  ];
  return [...new Set(forms)];
}

/** What a request holds of secrets, repeated in every form: as bad as a server's answer can be. */
export function echoOf(request: {
  readonly target: string;
  readonly headers: Iterable<readonly [string, string]>;
  readonly body: string;
}): string {
  const words = new Set<string>();
  for (const [name, value] of request.headers) {
    words.add(value);
    if (/authorization|cookie/iu.test(name)) words.add(value.replace(/^\S+[ =]/u, ""));
  }
  try {
    JSON.parse(request.body, (_, value: unknown) => {
      if (typeof value === "string") words.add(value);
      return value;
    });
  } catch {
    // No body, or no JSON: it is repeated as it is.
  }
  const forms = [...words].flatMap(formsOf);
  return [request.target, request.body, decodeURIComponent(request.target), ...forms].join(" ");
}

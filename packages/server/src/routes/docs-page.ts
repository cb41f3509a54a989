import { API_VERSION, ERRORS, ROUTES, type Route } from "@conch/contract";

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
    color: #1c1c1c; background: #fff; }
  h2 { border-bottom: 1px solid #ccc; margin-top: 2.5rem; text-transform: capitalize; }
  h3 { font: 600 1rem ui-monospace, monospace; margin: 1.5rem 0 0.25rem; overflow-wrap: anywhere; }
  code { font-family: ui-monospace, monospace; }
  table { border-collapse: collapse; margin: 0.5rem 0; }
  td, th { border-bottom: 1px solid #ddd; padding: 0.15rem 1rem 0.15rem 0; text-align: left;
    vertical-align: top; }
  @media (prefers-color-scheme: dark) {
    body { color: #e6e6e6; background: #161616; } td, th, h2 { border-color: #444; }
    a { color: #9cf; }
  }`;

/** The contract as a page: static, without scripts and without anything from elsewhere. */
export function renderDocsPage(): string {
  const sections = [...Map.groupBy(ROUTES, ({ tag }) => tag)].map(
    ([tag, routes]) => `<h2 id="${tag}">${tag}</h2>\n${routes.map(renderRoute).join("\n")}`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Conch API ${API_VERSION}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Conch API ${API_VERSION}</h1>
<p>JSON over HTTP. Send <code>Authorization: Bearer TOKEN</code> with an API token or a login JWT. For
programs: <a href="openapi.json">openapi.json</a>.</p>
${sections.join("\n")}
<h2 id="errors">errors</h2>
<p>Every error is <code>{"error": TEXT, "code": CODE, "request_id": ID}</code>. Codes are stable.</p>
${renderTable(
  ["code", "status", "meaning"],
  Object.entries(ERRORS).map(([code, { status, title }]) => [code, String(status), title]),
)}
</body>
</html>
`;
}

function renderRoute(route: Route): string {
  const query = Object.entries(route.query?.shape ?? {}).map(([name, schema]) => [
    name,
    schema.meta()?.description ?? "",
  ]);
  const statuses = Object.keys(route.replies).join(" or ");
  const codes = route.errors.map((code) => `<code>${code}</code>`).join(", ");
  return `<h3 id="${route.id}">${route.method} ${escapeHtml(route.path)}</h3>
<p>${escapeHtml(route.summary)}. For ${AUDIENCE[route.access]}. Answers ${statuses}${
    codes === "" ? "" : `; errors of its own: ${codes}`
  }.</p>
${query.length === 0 ? "" : renderTable(["query parameter", "meaning"], query)}`;
}

const AUDIENCE: Readonly<Record<Route["access"], string>> = {
  public: "everybody",
  credential: "whoever has a credential",
  admin: "system administrators",
};

function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, texts: readonly string[]) =>
    `<tr>${texts.map((text) => `<${tag}>${escapeHtml(text)}</${tag}>`).join("")}</tr>`;
  return `<table>\n${cells("th", head)}\n${rows.map((row) => cells("td", row)).join("\n")}\n</table>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

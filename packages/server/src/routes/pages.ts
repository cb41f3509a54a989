import { createOpenApi } from "../openapi.ts";
import type { Page } from "../app.ts";
import type { Readiness } from "../services/readiness.ts";
import { renderDocsPage } from "./docs-page.ts";

/**
 * What the server answers beside the contract, for readers and operators: the OpenAPI document, the
 * same as a page, and health.
 */
export function createPages(options: {
  readonly readiness: Readiness;
  readonly publicUrl: string | null;
}): Readonly<Record<string, Page>> {
  const openApi = createOpenApi(options.publicUrl ?? "/");
  const html = renderDocsPage();
  return {
    "/openapi.json": () => Response.json(openApi, { headers: { "cache-control": "no-cache" } }),
    "/docs": () =>
      new Response(html, {
        headers: {
          "content-type": "text/html; charset=utf-8",
          "content-security-policy":
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
          "cache-control": "no-cache",
        },
      }),
    ...createHealthPages(options.readiness),
  };
}

/** What balancers ask: whether the process is there, and whether to send it requests. */
export function createHealthPages(readiness: Readiness): Readonly<Record<string, Page>> {
  return {
    "/health/live": () => health(200, { status: "live" }),
    "/health/ready": async () => {
      const report = await readiness.report();
      return health(report.status === "ready" ? 200 : 503, report);
    },
  };
}

function health(status: number, body: object): Response {
  return Response.json(body, { status, headers: { "cache-control": "no-store" } });
}

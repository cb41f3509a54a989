import { createOpenApi } from "../openapi.ts";
import type { Database } from "../store/database.ts";
import { renderDocsPage } from "./docs-page.ts";

/** A page: what it answers to GET. */
export type Page = () => Response | Promise<Response>;

/**
 * What the server answers beside the contract, for readers and operators: the OpenAPI document, the
 * same as a page, and health.
 */
export function createPages(options: {
  readonly database: Database;
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
    "/health/live": () => health(200, "live"),
    "/health/ready": async () => {
      try {
        await options.database.db.selectFrom("change_head").select("seq").execute();
        return health(200, "ready");
      } catch {
        return health(503, "database unavailable");
      }
    },
  };
}

function health(status: number, text: string): Response {
  return Response.json({ status: text }, { status, headers: { "cache-control": "no-store" } });
}

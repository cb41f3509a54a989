// Serves the default export of a module, `{ fetch }`, on Node, as Bun does by itself.
import { serve } from "@hono/node-server";

const { default: app } = await import(process.argv[2]);
serve({ fetch: (request) => app.fetch(request), port: Number(process.env.PORT) });

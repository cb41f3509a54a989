/** What this process serves: the API, and pages for operators on an address of their own. */
import { verifyCredential } from "@conch/contract";
import { type App, createApp, createRefusal } from "./app.ts";
import type { ServeConfig } from "./config.ts";
import type { Context } from "./context.ts";
import { createClientAddresses } from "./http/client-address.ts";
import { createRequestIds } from "./http/request-id.ts";
import { createVerifyHandler } from "./http/verify-handler.ts";
import type { Logger } from "./logging.ts";
import type { Observation } from "./observation.ts";
import { createImplementations } from "./routes/index.ts";
import { createMetricsPage } from "./routes/metrics-page.ts";
import { createPages } from "./routes/pages.ts";
import type { Services } from "./services/index.ts";
import type { ServerNode } from "./services/node.ts";

/** Makes both. @param issuer the URL of this installation. */
export function createApps(options: {
  readonly config: ServeConfig;
  readonly services: Services;
  readonly node: ServerNode;
  readonly observation: Observation;
  readonly logger: Logger;
  readonly context: Context;
  readonly issuer: () => string;
}): { readonly api: App; readonly own: App } {
  const { config, services, node, observation, logger, context, issuer } = options;
  const { metrics, readiness, verificationCounts } = observation;
  const { publicUrl, bodyLimitBytes, bodyTimeLimitMs } = config;
  const { verifier, verifierAgain, confirmAdmin, usage } = services;
  const clientAddresses = createClientAddresses(config.trustedProxies);
  const shared = {
    verifier,
    verifierAgain,
    confirmAdmin,
    usage,
    clientAddresses,
    bodyLimits: { bytes: bodyLimitBytes, timeMs: bodyTimeLimitMs, timers: context.timers },
    logger,
    clock: context.clock,
    requestIdOf: createRequestIds(clientAddresses, context.random),
    isDraining: readiness.isDraining,
    onAnswer: metrics.countRequest,
  };
  const isSecure = publicUrl?.startsWith("https:") === true;
  const apiOptions = {
    ...shared,
    implementations: createImplementations(services, { isSecure, issuer }),
    pages: {
      ...createPages({ readiness, publicUrl }),
      "/metrics": createMetricsPage(metrics, verifier),
    },
  };
  const api = createApp(apiOptions);
  const { path } = verifyCredential;
  const general = api.routes[path] ?? api.fetch;
  const verify = createVerifyHandler({
    ...shared,
    node,
    counts: verificationCounts,
    getsAnswered: metrics.requestCount("GET", path, 200),
    headsAnswered: metrics.requestCount("HEAD", path, 200),
    collectYoungGarbage: context.collectYoungGarbage,
    general,
    refuse: createRefusal(apiOptions, verifyCredential),
  });
  return {
    api: {
      ...api,
      routes: {
        ...api.routes,
        // Whoever is to go elsewhere is told so by the general way.
        [path]: (request, connections) =>
          readiness.isDraining() ? general(request, connections) : verify(request, connections),
      },
    },
    own: createApp({ ...shared, implementations: [], pages: observation.pages }),
  };
}

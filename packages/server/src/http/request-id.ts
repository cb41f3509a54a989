import { REQUEST_ID_HEADER } from "@conch/contract";
import type { Random } from "../services/clock.ts";
import type { ClientAddresses } from "./client-address.ts";

/** What the runtime's server tells of a connection. */
export interface Connections {
  requestIP(request: Request): { readonly address: string } | null;
}

/** Names a request in the log and in the answer. */
export type RequestIdOf = (request: Request, connections: Connections) => string;

const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** The id that a trusted proxy gave to the request, else a new one. */
export function createRequestIds(clientAddresses: ClientAddresses, random: Random): RequestIdOf {
  // Reading a header takes as long as deciding about a token.
  if (!clientAddresses.trustsAny) return () => random.uuid();
  return (request, connections) => {
    const given = request.headers.get(REQUEST_ID_HEADER);
    if (given === null || !REQUEST_ID.test(given)) return random.uuid();
    const peer = connections.requestIP(request)?.address ?? "";
    return clientAddresses.isTrusted(peer) ? given : random.uuid();
  };
}

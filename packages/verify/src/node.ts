/** For plain `node:http`, `node:https` and `node:http2` in its compatible form. */
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type AdmissionOptions,
  type TokenVerifier,
  type Refusal,
  createAdmission,
} from "./http.ts";
import type { VerifiedToken } from "./verification.ts";

/** What is needed of a request of Node's. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly headers: { readonly authorization?: string | undefined };
}

/** What is needed of a response of Node's. */
export interface NodeResponse {
  readonly headersSent?: boolean | undefined;
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string): unknown;
}

/**
 * A listener that is reached with a good token only; everyone else gets 401, 403 or 503. It is not reached
 * either where something else has answered meanwhile, as for a time limit.
 */
export function protect<
  Request extends NodeRequest = IncomingMessage,
  Response extends NodeResponse = ServerResponse,
>(
  verifier: TokenVerifier,
  listener: (request: Request, response: Response, identity: VerifiedToken) => void,
  options?: AdmissionOptions,
): (request: Request, response: Response) => void {
  const admit = createAdmission(verifier, options);
  async function serve(request: Request, response: Response): Promise<void> {
    const { identity, refusal } = await admit(request.method ?? "", request.headers.authorization);
    if (identity === undefined) sendRefusal(response, refusal);
    // A second answer would throw, here where nobody could catch it.
    else if (response.headersSent !== true) listener(request, response, identity);
  }
  return (request, response) => {
    void serve(request, response);
  };
}

/** Answers with the refusal, unless there is an answer already. */
export function sendRefusal(response: NodeResponse, refusal: Refusal): void {
  if (response.headersSent === true) return;
  response.writeHead(refusal.status, { ...refusal.headers });
  response.end(refusal.body);
}

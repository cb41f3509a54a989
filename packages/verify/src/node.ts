/** For plain `node:http`, `node:https` and `node:http2` in its compatible form. */
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type AdmissionOptions,
  type TokenVerifier,
  type Refusal,
  createAdmission,
} from "./http.ts";
import type { VerifiedToken } from "./verification.ts";

const AUTHORIZATION = "authorization";

/** What is needed of a request of Node's. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly headers: { readonly authorization?: string | undefined };
  /** Names and values in turn, as they came. */
  readonly rawHeaders?: readonly string[] | undefined;
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
    const { identity, refusal } = await admit(request.method ?? "", authorizationOf(request));
    if (identity === undefined) sendRefusal(response, refusal);
    // A second answer would throw, here where nobody could catch it.
    else if (response.headersSent !== true) listener(request, response, identity);
  }
  return (request, response) => {
    void serve(request, response);
  };
}

/**
 * What `Authorization` says. Of several such headers all of it, as a web `Request` has it, which is no token:
 * Node keeps the first, and whoever stands in front may have looked at another.
 */
export function authorizationOf({ headers, rawHeaders = [] }: NodeRequest): string | undefined {
  const values: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (isAuthorization(rawHeaders[index] ?? "")) values.push(rawHeaders[index + 1] ?? "");
  }
  return values.length > 1 ? values.join(", ") : headers.authorization;
}

function isAuthorization(name: string): boolean {
  return name.length === AUTHORIZATION.length && name.toLowerCase() === AUTHORIZATION;
}

/** Answers with the refusal, unless there is an answer already. */
export function sendRefusal(response: NodeResponse, refusal: Refusal): void {
  if (response.headersSent === true) return;
  response.writeHead(refusal.status, { ...refusal.headers });
  response.end(refusal.body);
}

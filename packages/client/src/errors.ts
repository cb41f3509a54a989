import type { ErrorBody } from "@conch/contract/errors";

/** What the server said when it refused, as far as it said it: old servers send a text alone. */
export interface Refusal {
  readonly status: number;
  /** The stable code; `null` from old servers. */
  readonly code: string | null;
  /** The server's text; a standard one where it sent none. */
  readonly text: string;
  readonly requestId: string | null;
  /** The account in the way of a 409. */
  readonly user: ErrorBody["user"] | null;
  /** `Retry-After`, in milliseconds. */
  readonly retryAfterMs: number | null;
}

/** Everything that can go wrong with a request, to be told apart by `kind`. */
export type Fault =
  /** The request was never sent: its URL would not name what was meant. */
  | { readonly kind: "invalid_request"; readonly reason: string }
  /** No connection, or one that broke before the reply was complete. */
  | { readonly kind: "unreachable"; readonly reason: string }
  | { readonly kind: "timeout"; readonly phase: "connect" | "reply"; readonly limitMs: number }
  /** The server's certificate was not accepted. */
  | { readonly kind: "tls"; readonly reason: string }
  /** 401. `passwordChangeRequired`: the session may do nothing but set a new password. */
  | ({ readonly kind: "unauthorized"; readonly passwordChangeRequired: boolean } & Refusal)
  /** 403. */
  | ({ readonly kind: "forbidden" } & Refusal)
  /** 404. */
  | ({ readonly kind: "not_found" } & Refusal)
  /** Any other 4xx but 408 and 429: the server will not do this. */
  | ({ readonly kind: "refused" } & Refusal)
  /** 408, 429 and 5xx: it might, later. */
  | ({ readonly kind: "failing" } & Refusal)
  /** An answer that is not the protocol: another status, not JSON, another shape, too large. */
  | { readonly kind: "incompatible_reply"; readonly status: number; readonly reason: string }
  /** A server of a version that this client does not speak to. */
  | { readonly kind: "incompatible_server"; readonly version: string };

/** The error that every function of this package throws for a failed request. */
export class ClientError extends Error {
  override readonly name = "ClientError";
  readonly fault: Fault;
  /** The request, as `GET https://host/path`. Never holds a credential. */
  readonly request: string;

  constructor(request: string, fault: Fault, cause?: unknown) {
    super(`${request}: ${describeFault(fault)}`, { cause });
    this.request = request;
    this.fault = fault;
  }
}

/** A fault in one clause, without the request. */
export function describeFault(fault: Fault): string {
  if (fault.kind === "timeout") {
    const missing = fault.phase === "connect" ? "no connection" : "no complete answer";
    return `${missing} within ${fault.limitMs / 1000} s`;
  }
  if (fault.kind === "incompatible_server") {
    return `the server's version ${fault.version} is not one that this client speaks to (2.30 or later, below 4)`;
  }
  return "reason" in fault ? fault.reason : `${fault.status} ${fault.text}`;
}

export * from "./base-url.ts";
export {
  createClient,
  type CallInput,
  type Client,
  type ClientOptions,
  type Reply,
} from "./client.ts";
export * from "./credential.ts";
export * from "./errors.ts";
export * from "./login.ts";
export type { WireEvent, WireReply, WireRequest } from "./transport.ts";
export * from "./version.ts";

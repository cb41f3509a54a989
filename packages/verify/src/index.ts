/** Check Conch tokens inside another service, at memory speed and with a bound on revocation. */
export type { EntryUser as VerifiedUser, InvalidReason } from "./core/types.ts";
export * from "./verification.ts";
export { type VerifierOptions, createVerifier } from "./verifier.ts";

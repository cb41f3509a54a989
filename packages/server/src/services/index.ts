/** Puts the services together: who gets what. */
import type { RevocationReceipt } from "@conch/contract";
import type { Hint } from "@conch/verify/core/index";
import type { Database } from "../store/database.ts";
import { recordUsage } from "../store/usage.ts";
import type { AccountTools } from "./account-tools.ts";
import { confirmAdmin } from "./caller.ts";
import type { Clock, Random } from "./clock.ts";
import { type Confirmations, createConfirmations } from "./confirmation.ts";
import { createRevokeCredential } from "./credential-revocation.ts";
import { type DelegationService, createDelegationService } from "./delegation.ts";
import { generatePassword } from "./generated-password.ts";
import { type IntrospectionService, createIntrospectionService } from "./introspection.ts";
import { createLoginAttempts } from "./login-attempts.ts";
import type { Mailer } from "./mail.ts";
import { type ServerNode, forgettingOwnChanges } from "./node.ts";
import { type Argon2, createPasswordHasher } from "./password-hasher.ts";
import { type AssessPassword, createPasswordPolicy } from "./password-policy.ts";
import { type PasswordService, createPasswordService } from "./password.ts";
import { type RevocationService, createRevocationService } from "./revocation.ts";
import { createSessionJwts } from "./session-jwt.ts";
import { type SessionLifetimes, type SessionService, createSessionService } from "./session.ts";
import { type SettingService, createSettingService } from "./setting.ts";
import { type TokenLifetimes, type TokenService, createTokenService } from "./token.ts";
import { type UsageCollector, createUsageCollector } from "./usage.ts";
import { type UserService, createUserService } from "./user.ts";
import type { VerificationCounts } from "./verification-counts.ts";
import { type Caller, type Verifier, createNodeVerifier } from "./verification.ts";
import { createWorkQueue } from "./work-queue.ts";

/** What the services are given. */
export interface ServiceOptions {
  readonly database: Database;
  readonly node: ServerNode;
  /** The bound B, milliseconds. */
  readonly boundMs: number;
  /** The URL of this installation. */
  readonly issuer: () => string;
  /** Where this very node is reached; `null`: verifiers stay with the address that they have. */
  readonly advertisedUrl: string | null;
  /** Counted here, for the metrics. */
  readonly verificationCounts: VerificationCounts;
  /** Told of what was committed that verifications forget: revocations above all. */
  readonly onChange: (change: Hint) => void;
  /** Told of each revocation that somebody waited for. */
  readonly onRevocationConfirmed: (proof: RevocationReceipt["proof"], waitedMs: number) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly argon2: Argon2;
  /** Hashes at a time. */
  readonly hashConcurrency: number;
  readonly assessPassword: AssessPassword;
  readonly mailer: Mailer;
  /** Signing secrets of login JWTs: the first signs, all verify. */
  readonly secrets: readonly string[];
  readonly lifetimes: TokenLifetimes & SessionLifetimes;
}

/** All services. */
export interface Services {
  readonly verifier: Verifier;
  /** The same, uncounted: for a request that was counted already. */
  readonly verifierAgain: Verifier;
  /** Asks the database itself. @throws ApiError 401, 403. */
  readonly confirmAdmin: (caller: Caller) => Promise<void>;
  readonly confirmations: Confirmations;
  readonly introspection: IntrospectionService;
  readonly delegation: DelegationService;
  readonly usage: UsageCollector;
  readonly sessions: SessionService;
  readonly users: UserService;
  readonly passwords: PasswordService;
  readonly revocations: RevocationService;
  readonly settings: SettingService;
  readonly tokens: TokenService;
}

const HASHES_WAITING_MAX = 64;

/** Makes the services. */
export function createServices(options: ServiceOptions): Services {
  const { node, clock, random, mailer, lifetimes, issuer, advertisedUrl } = options;
  const database = forgettingOwnChanges(options.database, node, options.onChange);
  const sessionJwts = createSessionJwts(options.secrets);
  const counts = options.verificationCounts;
  const verifier = createNodeVerifier({ node, sessionJwts, counts });
  const usage = createUsageCollector({
    clock,
    cache: node.cache,
    rowsMax: database.capabilities.usageRowsMax,
    write: (batch) => recordUsage(database, batch, clock.nowMs()),
  });
  const attempts = createLoginAttempts({ database, clock, random });
  const policy = createPasswordPolicy(options.assessPassword);
  const createPassword = () => generatePassword(random);
  const hashes = createWorkQueue({
    concurrency: options.hashConcurrency,
    waitingMax: HASHES_WAITING_MAX,
  });
  const hasher = createPasswordHasher(options.argon2, hashes, createPassword());
  const shared: AccountTools = {
    database,
    clock,
    random,
    hasher,
    policy,
    createPassword,
    mailer,
    attempts,
  };
  const revokeCredential = createRevokeCredential({ database, node, clock });
  return {
    verifier,
    verifierAgain: createNodeVerifier({ node, sessionJwts, counts: { count: () => {} } }),
    confirmAdmin: (caller) => confirmAdmin(database.db, caller),
    confirmations: createConfirmations({ ...options, onConfirmed: options.onRevocationConfirmed }),
    introspection: createIntrospectionService({ verifier, usage, issuer }),
    delegation: createDelegationService({ node, clock, sessionJwts, usage, advertisedUrl }),
    usage,
    sessions: createSessionService({ ...shared, sessionJwts, revokeCredential, lifetimes }),
    users: createUserService(shared),
    passwords: createPasswordService(shared),
    revocations: createRevocationService({ ...shared, sessionJwts, revokeCredential }),
    settings: createSettingService(database),
    tokens: createTokenService({ ...shared, usage, lifetimes }),
  };
}

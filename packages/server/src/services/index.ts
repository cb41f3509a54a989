/** Puts the services together: who gets what. */
import type { Database } from "../store/database.ts";
import { recordUsage } from "../store/usage.ts";
import type { Clock, Random } from "./clock.ts";
import { generatePassword } from "./generated-password.ts";
import { createLoginAttempts } from "./login-attempts.ts";
import type { Mailer } from "./mail.ts";
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
import { type Verifier, createDatabaseVerifier } from "./verification.ts";
import { createWorkQueue } from "./work-queue.ts";

/** What the services are given. */
export interface ServiceOptions {
  readonly database: Database;
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
  readonly usage: UsageCollector;
  readonly sessions: SessionService;
  readonly users: UserService;
  readonly passwords: PasswordService;
  readonly revocations: RevocationService;
  readonly settings: SettingService;
  readonly tokens: TokenService;
}

const HASHES_WAITING_MAX = 64;
const RETRY_MS = 1000;

/** Makes the services. */
export function createServices(options: ServiceOptions): Services {
  const { database, clock, random, mailer, lifetimes } = options;
  const sessionJwts = createSessionJwts(options.secrets);
  const verifier = createDatabaseVerifier({ database, sessionJwts, clock });
  const attempts = createLoginAttempts({ database, clock, random });
  const policy = createPasswordPolicy(options.assessPassword);
  const createPassword = () => generatePassword(random);
  const hashes = createWorkQueue({
    concurrency: options.hashConcurrency,
    waitingMax: HASHES_WAITING_MAX,
    retryAfterMs: RETRY_MS,
  });
  const hasher = createPasswordHasher(options.argon2, hashes, createPassword());
  const shared = { database, clock, random, hasher, policy, createPassword, mailer, attempts };
  return {
    verifier,
    usage: createUsageCollector(clock, (usage) => recordUsage(database, usage, clock.nowMs())),
    sessions: createSessionService({ ...shared, sessionJwts, verifier, lifetimes }),
    users: createUserService(shared),
    passwords: createPasswordService(shared),
    revocations: createRevocationService(shared),
    settings: createSettingService(database),
    tokens: createTokenService({ database, clock, random, lifetimes }),
  };
}

/** The system's key chain: libsecret, the macOS keychain, the Windows credential manager. */
export interface Keychain {
  /** @returns the secret, or `null` where there is none of that account. Throws where no key chain answers. */
  get(account: string): Promise<string | null>;
  set(account: string, secret: string): Promise<void>;
  remove(account: string): Promise<void>;
}

/** The part of `Bun.secrets` that is used. */
interface SystemSecrets {
  get(options: { service: string; name: string }): Promise<string | null>;
  set(options: { service: string; name: string; value: string }): Promise<void>;
  delete(options: { service: string; name: string }): Promise<boolean>;
}

/** What entries are filed under; `conch` in any key chain viewer. */
const SERVICE = "conch";

/** @param system `Bun.secrets` */
export function createSystemKeychain(system: SystemSecrets): Keychain {
  return {
    get: (account) => system.get({ service: SERVICE, name: account }),
    set: (account, secret) => system.set({ service: SERVICE, name: account, value: secret }),
    async remove(account) {
      await system.delete({ service: SERVICE, name: account });
    },
  };
}

/** The system's key chain: libsecret, the macOS keychain, the Windows credential manager. */
export interface Keychain {
  /** @returns the secret, or `null` where there is none of that account. Throws where no key chain answers. */
  get(account: string): Promise<string | null>;
  set(account: string, secret: string): Promise<void>;
  remove(account: string): Promise<void>;
}

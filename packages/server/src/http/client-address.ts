import { BlockList, isIP, isIPv4 } from "node:net";

/** Says which client a request comes from. */
export interface ClientAddresses {
  /**
   * @param peer the address at the other end of the connection.
   * @param forwardedFor the `X-Forwarded-For` header, believed only from a trusted proxy.
   */
  resolve(peer: string, forwardedFor: string | null): string;
  /** Whether that address is a trusted proxy's. */
  isTrusted(address: string): boolean;
  /** Whether there is a trusted proxy at all. */
  readonly trustsAny: boolean;
}

/**
 * Whether the text is an address or a CIDR range.
 */
export function isCidr(text: string): boolean {
  const [address = "", prefix, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}

/** @param trustedProxies addresses and CIDR ranges that `isCidr` accepts. */
export function createClientAddresses(trustedProxies: readonly string[]): ClientAddresses {
  const trusted = new BlockList();
  for (const range of trustedProxies) {
    const [address = "", prefix] = range.split("/");
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    if (prefix === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(prefix), family);
  }
  const isTrusted = (address: string): boolean =>
    isIP(address) !== 0 && trusted.check(address, isIPv4(address) ? "ipv4" : "ipv6");
  return {
    isTrusted,
    trustsAny: trustedProxies.length > 0,
    resolve(peer, forwardedFor) {
      let client = withoutMapping(peer);
      // From the right: each hop was appended by the one before it, and only trusted ones count.
      const hops = forwardedFor === null ? [] : forwardedFor.split(",").toReversed();
      for (const hop of hops) {
        if (!isTrusted(client)) break;
        const address = withoutMapping(hop.trim());
        if (isIP(address) === 0) break;
        client = address;
      }
      return client;
    },
  };
}

/** An IPv4 address that arrived on an IPv6 socket, as IPv4. */
function withoutMapping(address: string): string {
  const bare = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return bare ?? address;
}

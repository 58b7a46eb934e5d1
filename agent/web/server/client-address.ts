// Whose request it is: the peer's address, or the one that a trusted proxy names.
import net from "node:net";

/** More hops than any chain of proxies has. */
const mostHops = 16;

export class ClientAddress {
  readonly #trusted = new net.BlockList();

  /** Addresses and blocks such as 10.0.0.0/8. */
  constructor(trustedProxies: readonly string[]) {
    for (const block of trustedProxies) {
      const [address = "", prefix] = block.split("/");
      const family = net.isIPv6(address) ? "ipv6" : "ipv4";
      if (net.isIP(address) === 0) continue;
      if (prefix === undefined) this.#trusted.addAddress(address, family);
      else this.#trusted.addSubnet(address, Math.min(Number(prefix), family === "ipv4" ? 32 : 128), family);
    }
  }

  isTrusted(address: string): boolean {
    return net.isIP(address) !== 0 && this.#trusted.check(address, net.isIPv6(address) ? "ipv6" : "ipv4");
  }

  /**
   * The address to count by: the last one in X-Forwarded-For that is not a proxy of ours. Of IPv6 the network of 64 bits,
   * which one household has to itself.
   */
  of(peer: string, forwardedFor: string | undefined): string {
    const hops = (forwardedFor ?? "")
      .split(",")
      .slice(-mostHops)
      .map((hop) => plain(hop.trim()));
    let address = plain(peer);
    for (let hop = hops.pop(); hop !== undefined && this.isTrusted(address) && net.isIP(hop) !== 0; hop = hops.pop())
      address = hop;
    return net.isIPv6(address) ? networkOf(address) : address;
  }
}

/** An IPv4 address in the clothes of IPv6 is IPv4. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "");

function networkOf(address: string): string {
  const [head = "", tail] = address.split("%")[0]?.split("::") ?? [];
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const filled =
    tail === undefined ? front : [...front, ...Array(Math.max(0, 8 - front.length - back.length)).fill("0"), ...back];
  return `${filled
    .slice(0, 4)
    .map((part) => Number.parseInt(part, 16).toString(16))
    .join(":")}::/64`;
}

/**
 * To which addresses Fenix connects for others. A webhook's URL is chosen by a project, and Fenix stands where no project
 * does: beside the databases, the metadata service and the hosts' own networks (OWASP API7; field E4).
 */
import { BlockList, isIP } from "node:net";

export interface AddressRules {
  /** What kind of address it is that nothing is sent to; null: it may be used. */
  refusal(address: string): string | null;
}

/** Refused unless the operator allows them. IPv6 addresses that stand for an IPv4 one are judged as that one. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  "this machine": ["0.0.0.0/8", "127.0.0.0/8", "::/128", "::1/128"],
  // The metadata service of clouds among them, 169.254.169.254.
  "link-local": ["169.254.0.0/16", "fe80::/10"],
  private: ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"],
  "multicast or reserved": ["192.0.0.0/24", "198.18.0.0/15", "224.0.0.0/3", "ff00::/8"],
  // Where they lead is decided by a translator elsewhere, which may lead back inside.
  "IPv4 in another form": ["::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"],
};

/** `allow`: addresses and networks such as 10.20.0.0/16, which win over what is refused otherwise. */
export function addressRules(allow: readonly string[]): AddressRules {
  const allowed = listOf(allow);
  const refused = Object.entries(KINDS).map(([kind, networks]) => ({ kind, list: listOf(networks) }));
  return {
    refusal(address) {
      const family = isIP(address);
      if (family === 0) return "no address";
      const type = family === 4 ? "ipv4" : "ipv6";
      if (allowed.check(address, type)) return null;
      return refused.find(({ list }) => list.check(address, type))?.kind ?? null;
    },
  };
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    const type = isIP(address) === 4 ? "ipv4" : "ipv6";
    list.addSubnet(address, Number(bits ?? (type === "ipv4" ? 32 : 128)), type);
  }
  return list;
}

/** Where the message bus is: oslo.messaging's `transport_url`, or the AMQP URL that other clients know. */

export interface BusAddress {
  /** The brokers of the cluster. */
  readonly brokers: readonly { readonly hostname: string; readonly port: number }[];
  readonly username: string;
  readonly password: string;
  readonly vhost: string;
  readonly tls: boolean;
}

/** Such as `rabbit://user:password@host:5672,user:password@host:5672/vhost`. Throws when it names no broker. */
export function readBusAddress(url: string): BusAddress {
  const { scheme, brokers = "", path = "", query } = FORM.exec(url)?.groups ?? {};
  const tls = scheme === "amqps" || scheme === "rabbits" || /(^|&)ssl=(1|true)(&|$)/i.test(query ?? "");
  // oslo.messaging repeats the credentials for each broker; they are the same for all.
  const all = brokers.split(",").map((broker) => `amqp://${broker}`);
  const parsed = all.flatMap((one) => (URL.canParse(one) ? [new URL(one)] : []));
  const [first] = parsed;
  if (scheme === undefined || first === undefined || parsed.length < all.length) throw new Error(WRONG);
  return {
    brokers: parsed.map(({ hostname, port }) => ({
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port: Number(port || (tls ? 5_671 : 5_672)),
    })),
    username: decodeURIComponent(first.username) || "guest",
    password: decodeURIComponent(first.password) || "guest",
    // An empty one is the broker's default, as oslo.messaging has it.
    vhost: decodeURIComponent(path.replace(/^\//, "")) || "/",
    tls,
  };
}

/** Without the URL, which holds a password. */
const WRONG = "FENIX_BUS_URL names no broker; a good one is rabbit://user:password@host:5672/vhost";

const FORM = /^(?<scheme>amqps?|rabbits?):\/\/(?<brokers>[^/?#]+)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/;

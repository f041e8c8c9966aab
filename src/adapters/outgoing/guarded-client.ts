/**
 * Connections to where others want them. The address is looked up once, judged, and connected to: a name that means
 * something else a moment later changes nothing. No redirect is followed, since undici follows none, and no proxy is used.
 */
import { lookup as lookUp, type LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { callbackify, promisify } from "node:util";
import { Agent, buildConnector } from "undici";
import type { Receivers } from "../../ports/receivers.ts";
import { type AddressRules, addressRules } from "./addresses.ts";

export interface GuardedClient extends Receivers {
  /** For undici's `request`. */
  readonly connections: Agent;
  close(): Promise<void>;
}

export interface GuardedOptions {
  /** Addresses and networks that the operator allows. */
  readonly allow: readonly string[];
  /** For a connection to come about. */
  readonly connectWithinMs?: number;
  /** All addresses of a name; the system's way unless told otherwise. */
  readonly resolve?: (name: string) => Promise<readonly LookupAddress[]>;
}

/** A receiver on this planet answers within a second; SYNs are repeated after 1 and 3 s. */
const CONNECT_WITHIN_MS = 5_000;

/** What a receiver sends before the body of its answer; nobody reads it. */
const HEADERS_MAX_BYTES = 16_384;

const resolveByTheSystem = (name: string): Promise<readonly LookupAddress[]> =>
  promisify(lookUp)(name, { all: true, verbatim: true });

export function guardedClient(options: GuardedOptions): GuardedClient {
  const { allow, connectWithinMs = CONNECT_WITHIN_MS, resolve = resolveByTheSystem } = options;
  const rules = addressRules(allow);
  const connect = buildConnector({ timeout: connectWithinMs, lookup: lookupWithin(rules, resolve) });
  const connections = new Agent({
    maxHeaderSize: HEADERS_MAX_BYTES,
    connect(to, callback) {
      // Nothing is looked up for what is an address already.
      const address = withoutBrackets(to.hostname);
      const kind = isIP(address) === 0 ? null : rules.refusal(address);
      if (kind === null) connect(to, callback);
      else callback(refused(address, kind), null);
    },
  });
  return {
    connections,
    async whyRefused(url) {
      const name = withoutBrackets(new URL(url).hostname);
      const addresses = isIP(name) === 0 ? await resolve(name).catch(() => []) : [{ address: name }];
      const kinds = addresses.map(({ address }) => ({ address, kind: rules.refusal(address) }));
      const [first] = kinds;
      // A name that nobody knows yet may be known tomorrow, and is judged again whenever something is sent.
      if (first === undefined || first.kind === null || kinds.some(({ kind }) => kind === null)) return null;
      return refused(first.address, first.kind).message;
    },
    close: () => connections.destroy(), // Who hangs is not waited for.
  };
}

/** Answers only addresses that may be used, or fails where a name has none. */
function lookupWithin(rules: AddressRules, resolve: NonNullable<GuardedOptions["resolve"]>): LookupFunction {
  const usable = callbackify(async (name: string) => {
    const addresses = await resolve(name);
    const [first, ...more] = addresses.filter(({ address }) => rules.refusal(address) === null);
    if (first !== undefined) return [first, ...more] as const;
    const [{ address } = { address: name }] = addresses;
    throw refused(address, rules.refusal(address) ?? "unknown");
  });
  return (name, { all }, callback) =>
    usable(name, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const [first] = addresses;
      return all === true ? callback(null, [...addresses]) : callback(null, first.address, first.family);
    });
}

/** The brackets of an IPv6 address in a URL. */
const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, "$1");

const refused = (address: string, kind: string): Error =>
  new Error(`${address} is ${kind}: Fenix sends nothing there unless FENIX_OUTGOING_ALLOW has it`);

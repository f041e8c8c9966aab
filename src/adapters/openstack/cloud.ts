/** A real OpenStack (or the simulated one) as the engine's `Cloud`. Put together here, decided elsewhere. */
import type { Dispatcher } from "undici";
import type { Alarms } from "../../ports/alarms.ts";
import type { Clock } from "../../ports/clock.ts";
import type { CallOptions, Cloud } from "../../ports/cloud.ts";
import type { Ownership } from "../../ports/ownership.ts";
import type { ProjectId } from "../../domain/ids.ts";
import { Problem } from "../../problems.ts";
import { systemClock } from "../system-clock.ts";
import { eventAlarms } from "./aodh.ts";
import { readCredentials, type Credentials, type OpenStackVariables } from "./credentials.ts";
import { cloudDoors } from "./doors.ts";
import { cloudFacts } from "./facts.ts";
import { allocationHealer } from "./heal.ts";
import { hostConsumers } from "./host-consumers.ts";
import { hostProviders } from "./host-providers.ts";
import { openHttp, type Limits, type Log } from "./http.ts";
import { keystone as keystoneApi } from "./keystone.ts";
import { toKnownHosts } from "./known-hosts.ts";
import { liveMoves } from "./live-moves.ts";
import { moveWatch, PACE, type WatchPace } from "./move-watch.ts";
import { cloudMoves } from "./moves.ts";
import { novaApi, PAGE_SIZE } from "./nova.ts";
import { hostOccupants } from "./occupants.ts";
import { ownership } from "./ownership.ts";
import { placementApi } from "./placement.ts";
import { reviver } from "./revive.ts";
import { service } from "./service.ts";

export interface OpenStackCloud extends Cloud {
  readonly alarms: Alarms;
  readonly ownership: Ownership;
  /** The project of Fenix's own user. */
  ownProject(options: CallOptions): Promise<ProjectId | null>;
  /** Requests sent so far, by `nova POST /servers/{}/action`. */
  requestCounts(): Readonly<Record<string, number>>;
  /** Who still waits for a move is told that the cloud is out of reach. */
  disconnect(): Promise<void>;
}

export interface OpenStackOptions {
  readonly log?: Log;
  readonly clock?: Clock;
  readonly limits?: Partial<Limits>;
  readonly pace?: Partial<WatchPace>;
  readonly dispatcher?: Dispatcher;
  /** Rows that Nova's lists are asked for at a time; the cloud may give fewer. */
  readonly pageSize?: number;
}

/** Throws when what the variables name is incomplete. Nothing is asked of the cloud before the first call. */
export function openStackCloud(variables: OpenStackVariables, options: OpenStackOptions = {}): OpenStackCloud {
  const credentials = readCredentials(variables);
  return credentials === null ? noCloud(options) : connected(credentials, options);
}

function connected(credentials: Credentials, options: OpenStackOptions): OpenStackCloud {
  const { clock = systemClock, log, limits = {}, pace, dispatcher, pageSize = PAGE_SIZE } = options;
  const http = openHttp({ ...credentials, limits, log, dispatcher });
  const keystone = keystoneApi(credentials, { http, clock });
  const nova = novaApi(service({ name: "nova", type: "compute", http, keystone }), pageSize);
  const placement = placementApi(service({ name: "placement", type: "placement", http, keystone }));
  const providers = hostProviders(nova, placement);
  const consumers = hostConsumers(placement, providers);
  const watch = moveWatch({ nova, clock, pace: { ...PACE, ...pace } });
  return {
    knownHosts: async (call) => toKnownHosts(await nova.services(call)),
    facts: cloudFacts({ nova, placement, providers }),
    ...cloudDoors(nova),
    occupants: hostOccupants({ nova, consumers, clock }),
    healAllocations: allocationHealer({ nova, placement, providers, consumers }),
    ...cloudMoves({ nova, watch, clock }),
    ...liveMoves(nova),
    revive: reviver({ nova, clock }),
    ownership: ownership(nova),
    alarms: eventAlarms({ http, keystone, clock, log }),
    ownProject: async ({ signal }) => (await keystone.token(signal)).project,
    requestCounts: () => http.counts(),
    async disconnect() {
      watch.close();
      log?.info({ requests: http.counts() }, "requests sent to the cloud");
      await http.close();
    },
  };
}

/** Fenix starts without a cloud, and whatever needs one says what is missing. */
function noCloud({ log }: OpenStackOptions): OpenStackCloud {
  const missing = "no cloud is configured: set OS_CLOUD, or OS_AUTH_URL and its companions";
  log?.warn({}, missing);
  const refuse = () => Promise.reject(new Problem("CLOUD_REFUSED", missing));
  return {
    knownHosts: refuse,
    facts: refuse,
    door: refuse,
    close: refuse,
    disconnect: async () => undefined,
    open: refuse,
    remove: refuse,
    occupants: refuse,
    healAllocations: refuse,
    instance: refuse,
    startMove: refuse,
    moveEnded: refuse,
    liveMove: refuse,
    endLiveMove: refuse,
    revive: refuse,
    alarms: { listening: async () => null },
    ownership: { instance: async () => null, group: async () => null },
    ownProject: refuse,
    requestCounts: () => ({}),
  };
}

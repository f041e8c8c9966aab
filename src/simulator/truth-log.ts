import type { Resources } from "./resources.ts";

/**
 * What really happened, told apart from what any API answers about it. Tests judge by this log,
 * so a lie that an API tells on purpose (a stale list, a migration that claims to be completed)
 * cannot hide anything from them.
 */
export interface TruthLog {
  record(event: Happening): void;
  /** In the order it happened; `after` is the sequence number of the last event already seen. */
  events(after?: number): readonly TruthEvent[];
  readonly last: number;
}

export type TruthEvent = Happening & { readonly sequence: number; readonly at: string };

export type Happening =
  | { readonly kind: "host_added"; readonly host: string; readonly capacity: Resources }
  | { readonly kind: "host_removed"; readonly host: string }
  | { readonly kind: "host_crashed"; readonly host: string }
  | { readonly kind: "host_returned"; readonly host: string }
  | ServiceChanged
  | {
      readonly kind: "group_created";
      readonly group: string;
      readonly name: string;
      readonly policy: string;
      readonly maxPerHost: number;
      readonly project: string;
    }
  | { readonly kind: "group_deleted"; readonly group: string }
  | {
      readonly kind: "instance_created";
      readonly instance: string;
      readonly name: string;
      readonly project: string;
      readonly group: string | null;
    }
  | { readonly kind: "instance_deleted"; readonly instance: string }
  | { readonly kind: "instance_appeared"; readonly instance: string; readonly host: string }
  | { readonly kind: "instance_left"; readonly instance: string; readonly host: string }
  | {
      readonly kind: "status_changed";
      readonly instance: string;
      readonly status: string;
      readonly taskState: string | null;
    }
  | {
      /** A consumer is an instance, or a migration that holds the source of its instance. */
      readonly kind: "allocation_changed";
      readonly consumer: string;
      readonly host: string;
      /** Null when nothing is held there any more. */
      readonly resources: Resources | null;
    }
  | {
      readonly kind: "migration_started";
      readonly migration: string;
      readonly type: string;
      readonly instance: string;
      readonly source: string;
      readonly asked: string | null;
    }
  | {
      readonly kind: "migration_changed";
      readonly migration: string;
      readonly instance: string;
      readonly status: string;
      readonly destination: string | null;
    }
  | { readonly kind: "fault_struck"; readonly what: string }
  | {
      readonly kind: "request";
      readonly method: string;
      readonly path: string;
      readonly body: unknown;
      readonly status: number;
      readonly by: string;
      readonly requestId: string;
    };

export interface ServiceChanged {
  readonly kind: "service_changed";
  readonly host: string;
  readonly binary: string;
  readonly disabled: boolean;
  readonly reason: string | null;
  readonly forcedDown: boolean;
  readonly by: string;
}

export function truthLog(now: () => number): TruthLog {
  const events: TruthEvent[] = [];
  return {
    record: (event) => void events.push({ sequence: events.length + 1, at: new Date(now()).toISOString(), ...event }),
    events: (after = 0) => events.slice(after),
    get last() {
      return events.length;
    },
  };
}

/** What a performer is: it does one kind of effect. Each looks first, and may run twice without harm. */
import type { EffectOf, Outcomes, PerformedKind } from "../domain/effect.ts";
import type { Alarms } from "../ports/alarms.ts";
import type { Clock } from "../ports/clock.ts";
import type { Cloud } from "../ports/cloud.ts";
import type { ClaimedEffect, Consequences } from "../ports/effects.ts";
import type { Plugins } from "../ports/plugins.ts";

/** What performers work with. */
export interface Performing {
  readonly cloud: Cloud;
  readonly plugins: Plugins;
  /** Left out: Fenix tells nothing over the message bus, so no event alarm hears of it. */
  readonly alarms?: Alarms | undefined;
  readonly clock: Clock;
  readonly claimed: ClaimedEffect;
  /** Aborted when the lease is lost and when the worker shuts down. */
  readonly signal: AbortSignal;
  /** Keeps what a host action has written so far. */
  readonly keepOutput: (output: string) => Promise<void>;
}

/** How it ended. `text` is a sentence for the timeline. */
export type Performed<K extends PerformedKind = PerformedKind> =
  | {
      readonly kind: "done";
      readonly outcome: Outcomes[K];
      readonly text: string;
      readonly consequences?: Consequences;
      /** What the journal keeps of how it was done, besides the outcome. */
      readonly facts?: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: "failed" | "unknown";
      readonly reason: string;
      readonly consequences?: Consequences;
      readonly facts?: Readonly<Record<string, unknown>>;
    };

export type Performer<K extends PerformedKind> = (effect: EffectOf<K>, performing: Performing) => Promise<Performed<K>>;

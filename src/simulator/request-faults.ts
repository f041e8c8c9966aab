/** Trouble between a client and the cloud, made on demand: the request is what goes wrong. */
import type { Clock } from "./clock.ts";

export interface RequestFault {
  readonly id: number;
  readonly method: string | null;
  /** Matched against path and query. */
  readonly path: RegExp | null;
  /** Matched against the body: all server actions share one path. */
  readonly body: RegExp | null;
  /** How many more requests it strikes; null until it is cleared. */
  remaining: number | null;
  readonly effect: RequestEffect;
}

export type RequestEffect =
  /** An error instead of the effect. */
  | {
      readonly kind: "answers";
      readonly status: number;
      readonly retryAfterSeconds?: number | undefined;
      readonly message?: string | undefined;
      /** A page in place of JSON, as a proxy in front of the cloud would send. */
      readonly html?: boolean | undefined;
    }
  /** No answer at all: nothing was done, or all was and the news is lost. */
  | { readonly kind: "times_out"; readonly when: "before" | "after" }
  /** The connection breaks, before or after the effect. */
  | { readonly kind: "disconnects"; readonly when: "before" | "after" }
  /** Waits on the clock of the wall, like the client's own time-out. */
  | { readonly kind: "slow"; readonly seconds: number }
  /** A GET answers for so long what it answers now. */
  | { readonly kind: "stale"; readonly seconds: number };

export interface RequestFaultSpec {
  readonly method?: string | undefined;
  readonly path?: RegExp | string | undefined;
  readonly body?: RegExp | string | undefined;
  /** 1 unless told otherwise; null until cleared. */
  readonly times?: number | null | undefined;
  readonly effect: RequestEffect;
}

export interface RequestFaults {
  add(spec: RequestFaultSpec): RequestFault;
  remove(id: number): void;
  clear(): void;
  readonly active: readonly RequestFault[];
  /** The fault that strikes this request, with one of its times used up. */
  strike(request: { readonly method: string; readonly url: string; readonly body: string }): RequestEffect | undefined;
  /** Nobody gets through for so many seconds, or until `restore`. */
  cutOff(seconds: number | null): void;
  restore(): void;
  readonly isCutOff: boolean;
  /** Answers held back by `stale` faults, by what was asked. */
  frozen(question: string): string | undefined;
  freeze(question: string, answer: string, seconds: number): void;
}

export function requestFaults(clock: Clock): RequestFaults {
  let faults: RequestFault[] = [];
  let added = 0;
  let cutOffUntil = 0;
  const held = new Map<string, { readonly answer: string; readonly until: number }>();
  return {
    add({ method, path, body, times = 1, effect }) {
      const fault: RequestFault = {
        id: (added += 1),
        method: method ?? null,
        path: path === undefined ? null : new RegExp(path),
        body: body === undefined ? null : new RegExp(body),
        remaining: times,
        effect,
      };
      faults.push(fault);
      return fault;
    },
    remove(id) {
      faults = faults.filter((fault) => fault.id !== id);
    },
    clear() {
      faults = [];
      held.clear();
      cutOffUntil = 0;
    },
    get active() {
      return faults;
    },
    strike({ method, url, body }) {
      if (faults.length === 0) return undefined;
      const fault = faults.find(
        (candidate) =>
          (candidate.method === null || candidate.method === method) &&
          (candidate.path?.test(url) ?? true) &&
          (candidate.body?.test(body) ?? true),
      );
      if (fault === undefined) return undefined;
      if (fault.remaining !== null) {
        fault.remaining -= 1;
        if (fault.remaining === 0) faults = faults.filter((other) => other !== fault);
      }
      return fault.effect;
    },
    cutOff(seconds) {
      cutOffUntil = seconds === null ? Infinity : clock.now() + seconds * 1000;
    },
    restore() {
      cutOffUntil = 0;
    },
    get isCutOff() {
      return clock.now() < cutOffUntil;
    },
    frozen(question) {
      const entry = held.get(question);
      if (entry === undefined || clock.now() < entry.until) return entry?.answer;
      held.delete(question);
      return undefined;
    },
    freeze(question, answer, seconds) {
      held.set(question, { answer, until: clock.now() + seconds * 1000 });
    },
  };
}

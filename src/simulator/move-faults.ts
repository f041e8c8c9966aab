import type { Instance, World } from "./world.ts";

/**
 * Where the simulated hypervisor or scheduler can be made to fail, in the words of Nova's own code.
 *
 * | point | what becomes of the instance |
 * |---|---|
 * | `schedule` | no valid host: `ACTIVE` where it is, migration `error` |
 * | `check_can_live_migrate_destination` | the same, after the destination was asked |
 * | `pre_live_migration` | rolled back: `ACTIVE` where it is, migration `failed`, action says so |
 * | `live_migration` | rolled back, and the action does not say so |
 * | `migrate_disk_and_power_off` | `ERROR` on the source; `ACTIVE` there when `soft` |
 * | `finish_migration` | `ERROR` on the destination |
 * | `confirm_migration` | `ERROR` on the destination, cannot be confirmed again |
 * | `spawn` | a boot ends in `ERROR` |
 */
export type MovePoint =
  | "schedule"
  | "check_can_live_migrate_destination"
  | "pre_live_migration"
  | "live_migration"
  | "migrate_disk_and_power_off"
  | "finish_migration"
  | "confirm_migration"
  | "spawn";

export interface MoveFault {
  /** Id or name; any instance when absent. */
  readonly instance?: string | undefined;
  /** Host it comes from; any when absent. */
  readonly source?: string | undefined;
  readonly kind?: "live" | "cold" | undefined;
  /** How many more times it strikes. */
  times: number;
  readonly effect: MoveEffect;
}

export type MoveEffect =
  | { readonly kind: "fails"; readonly at: MovePoint; readonly soft?: boolean | undefined }
  /** The copying takes so much longer; for ever when null. */
  | { readonly kind: "hangs"; readonly seconds: number | null }
  /** Not where it was asked to go. */
  | { readonly kind: "lands_on"; readonly host: string };

type EffectOf<Kind extends MoveEffect["kind"]> = Extract<MoveEffect, { kind: Kind }>;

/** Whether the instance is to fail at this point; using up one of the times the fault has left. */
export function failsAt(world: World, point: MovePoint, instance: Instance): EffectOf<"fails"> | undefined {
  const strikes = (effect: MoveEffect): effect is EffectOf<"fails"> => effect.kind === "fails" && effect.at === point;
  return take(world, instance, kindOf(point), strikes);
}

export function hangs(world: World, kind: "live" | "cold", instance: Instance): EffectOf<"hangs"> | undefined {
  return take(world, instance, kind, (effect) => effect.kind === "hangs");
}

export function landsOn(world: World, kind: "live" | "cold", instance: Instance): EffectOf<"lands_on"> | undefined {
  return take(world, instance, kind, (effect) => effect.kind === "lands_on");
}

function take<Effect extends MoveEffect>(
  world: World,
  instance: Instance,
  kind: "live" | "cold" | undefined,
  fits: (effect: MoveEffect) => effect is Effect,
): Effect | undefined {
  for (const fault of world.moveFaults) {
    if (fault.times <= 0 || !fits(fault.effect)) continue;
    if (fault.instance !== undefined && fault.instance !== instance.id && fault.instance !== instance.name) continue;
    if (fault.source !== undefined && fault.source !== instance.host) continue;
    if (fault.kind !== undefined && kind !== undefined && fault.kind !== kind) continue;
    fault.times -= 1;
    world.log.record({ kind: "fault_struck", what: `${instance.name}: ${JSON.stringify(fault.effect)}` });
    return fault.effect;
  }
  return undefined;
}

function kindOf(point: MovePoint): "live" | "cold" | undefined {
  if (point === "schedule" || point === "spawn") return undefined;
  return point.includes("live") ? "live" : "cold";
}

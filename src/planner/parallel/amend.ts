/** What has come otherwise than planned, as a change of the cloud that the plan was made for. */
import type { BlockReason } from "../format/plan.ts";
import type { SnapshotHost, SnapshotInstance } from "../format/snapshot.ts";
import { withInstance, withoutInstance } from "./amend-instances.ts";
import { obstaclesOfInstance } from "./obstacles.ts";
import type { Planned } from "./plan.ts";
import { type Moves, noMoves, record } from "./moves.ts";

/** News of a maintenance that is under way. Names other than of new instances are those of the snapshot. */
export type PlanEvent =
  /** The action of the host takes so long in all; one that is over stays as it was. */
  | { readonly kind: "action_takes"; readonly host: string; readonly seconds: number }
  /** A move of the instance that is under way takes so long in all, and so will later ones. */
  | { readonly kind: "move_takes"; readonly instance: string; readonly seconds: number }
  /** The move that is under way has ended where it began. */
  | { readonly kind: "move_failed"; readonly instance: string }
  /** No instance goes there any more: its service is down, or somebody has disabled it. Its own maintenance stays planned. */
  | { readonly kind: "host_closed"; readonly host: string }
  /** The session leaves the host out, unless its action has begun. Moves that are under way still end. */
  | { readonly kind: "host_left_out"; readonly host: string; readonly reason: BlockReason }
  | { readonly kind: "instance_gone"; readonly instance: string }
  /** A new instance, or one that has another size or another host than the plan says. It is not moving. */
  | { readonly kind: "instance_is"; readonly instance: SnapshotInstance };

/** The same plan for the cloud as it is now; what it still plans may not be possible any more. */
export function amend(plan: Planned, second: number, event: PlanEvent): Planned {
  switch (event.kind) {
    case "action_takes":
      return actionTakes(plan, second, hostNamed(plan, event.host), event.seconds);
    case "move_takes":
      return moveTakes(plan, second, knownInstance(plan, event.instance), event.seconds);
    case "move_failed":
      return moveFailed(plan, second, knownInstance(plan, event.instance));
    case "host_closed":
      return hostClosed(plan, hostNamed(plan, event.host));
    case "host_left_out":
      return hostLeftOut(plan, second, hostNamed(plan, event.host), [event.reason]);
    case "instance_gone":
      return instanceGone(plan, knownInstance(plan, event.instance));
    case "instance_is":
      return instanceIs(plan, second, event.instance);
  }
}

function actionTakes(plan: Planned, second: number, host: number, seconds: number): Planned {
  const { cloud, run } = plan;
  const began = run.emptyAt[host]! >= 0 && run.emptyAt[host]! < second;
  if (began && run.actionEnd[host]! < second) return plan;
  // What has not ended yet ends now at the earliest.
  const whole = began ? Math.max(seconds, second - run.emptyAt[host]!) : seconds;
  return withHost({ ...plan, cloud: { ...cloud, action: cloud.action.with(host, whole) } }, host, {
    action_seconds: whole,
  });
}

function moveTakes(plan: Planned, second: number, instance: number, seconds: number): Planned {
  const { cloud, run } = plan;
  const { snapshot } = cloud;
  const move = underWay(run.moves, second, instance);
  const start = run.moves.start[move] ?? 0;
  const whole = move === -1 ? seconds : Math.max(seconds, second - start);
  const instances = snapshot.instances.with(instance, { ...snapshot.instances[instance]!, move_seconds: whole });
  const moveTime = cloud.moveTime.with(instance, whole);
  const moves = move === -1 ? run.moves : { ...run.moves, end: run.moves.end.with(move, start + whole) };
  return { ...plan, cloud: { ...cloud, moveTime, snapshot: { ...snapshot, instances } }, run: { ...run, moves } };
}

/** It is to be made again from now on, to the same place, and before all others that have not begun. */
function moveFailed(plan: Planned, second: number, instance: number): Planned {
  const { moves } = plan.run;
  const failed = underWay(moves, second, instance);
  if (failed === -1) return plan;
  const again = noMoves(moves.count);
  const write = (move: number, start: number, end: number) =>
    record(again, moves.instance[move]!, moves.from[move]!, moves.to[move]!, start, end);
  const writeAgain = () => write(failed, second, second + plan.cloud.moveTime[instance]!);
  let isWritten = false;
  for (let move = 0; move < moves.count; move++) {
    if (move === failed) continue;
    if (!isWritten && moves.start[move]! >= second) {
      writeAgain();
      isWritten = true;
    }
    write(move, moves.start[move]!, moves.end[move]!);
  }
  if (!isWritten) writeAgain();
  return { ...plan, run: { ...plan.run, moves: again } };
}

/** The session's hosts are named from now on: without names, a disabled host would not be among them. */
function hostClosed(plan: Planned, host: number): Planned {
  const { cloud } = plan;
  const { snapshot } = cloud;
  const { session, hosts } = snapshot;
  const ofSession =
    session.hosts.length > 0 ? session.hosts : hosts.filter(isMaintainedUnasked).map(({ host: name }) => name);
  const named = { ...snapshot, session: { ...session, hosts: ofSession } };
  return withHost({ ...plan, cloud: { ...cloud, snapshot: named, takes: cloud.takes.with(host, 0) } }, host, {
    enabled: false,
  });
}

const isMaintainedUnasked = ({ enabled, type }: SnapshotHost): boolean => enabled && type === "compute";

function hostLeftOut(plan: Planned, second: number, host: number, reasons: readonly BlockReason[]): Planned {
  const { cloud, run, blocked } = plan;
  const hasBegun = run.emptyAt[host]! >= 0 && run.emptyAt[host]! < second;
  if (hasBegun || cloud.planned[host] === 0) return plan;
  return {
    ...plan,
    cloud: { ...cloud, planned: cloud.planned.with(host, 0) },
    blocked: new Map(blocked).set(host, reasons),
  };
}

function instanceGone(plan: Planned, instance: number): Planned {
  const { cloud, run } = plan;
  const kept = movesThat(run.moves, (move) => run.moves.instance[move] !== instance);
  for (let move = 0; move < kept.count; move++) if (kept.instance[move]! > instance) kept.instance[move]! -= 1;
  return { ...plan, cloud: withoutInstance(cloud, instance), run: { ...run, moves: kept } };
}

function instanceIs(plan: Planned, second: number, is: SnapshotInstance): Planned {
  const { run } = plan;
  const known = instanceNamed(plan, is.instance);
  const { cloud, instance } = withInstance(plan.cloud, known, is);
  const moves = known === -1 ? run.moves : movesThat(run.moves, (move) => run.moves.instance[move] !== known);
  const amended = { ...plan, cloud, run: { ...run, moves } };
  const reasons = obstaclesOfInstance(cloud, instance);
  return reasons.length === 0 ? amended : hostLeftOut(amended, second, cloud.home[instance]!, reasons);
}

function withHost(plan: Planned, host: number, change: Partial<SnapshotHost>): Planned {
  const { cloud } = plan;
  const hosts = cloud.snapshot.hosts.with(host, { ...cloud.snapshot.hosts[host]!, ...change });
  return { ...plan, cloud: { ...cloud, snapshot: { ...cloud.snapshot, hosts } } };
}

/** The move of the instance that has begun before the second and has not ended before it; -1 when there is none. */
function underWay({ instance, start, end, count }: Moves, second: number, of: number): number {
  for (let move = 0; move < count && start[move]! < second; move++)
    if (instance[move] === of && end[move]! >= second) return move;
  return -1;
}

function movesThat(moves: Moves, isKept: (move: number) => boolean): Moves {
  const kept = noMoves(Math.max(1, moves.count));
  for (let move = 0; move < moves.count; move++)
    if (isKept(move))
      record(kept, moves.instance[move]!, moves.from[move]!, moves.to[move]!, moves.start[move]!, moves.end[move]!);
  return kept;
}

export function hostNamed({ cloud }: Planned, name: string): number {
  const number = cloud.snapshot.hosts.findIndex(({ host }) => host === name);
  if (number === -1) throw new Error(`the plan knows no host ${name}`);
  return number;
}

function knownInstance(plan: Planned, name: string): number {
  const number = instanceNamed(plan, name);
  if (number === -1) throw new Error(`the plan knows no instance ${name}`);
  return number;
}

/** -1 where the plan knows no such instance. */
export function instanceNamed({ cloud: { snapshot } }: Planned, name: string): number {
  const { instances } = snapshot;
  // A loop, since a call for each of hundreds of thousands would take milliseconds.
  for (let number = 0; number < instances.length; number++) if (instances[number]!.instance === name) return number;
  return -1;
}

/** The records Nova keeps of what was asked of an instance, and how each part of it went. */
import type { Action, ActionEvent, Asker, Instance, World } from "./world.ts";

export function beginAction(world: World, instance: Instance, name: string, asker: Asker): Action {
  const now = world.clock.now();
  const { requestId, user, project } = asker;
  const action: Action = { name, requestId, user, project, startedAt: now, updatedAt: now, message: null, events: [] };
  instance.actions.push(action);
  return action;
}

export function beginEvent(world: World, action: Action, name: string, host: string): ActionEvent {
  const now = world.clock.now();
  const event: ActionEvent = { name, host, startedAt: now, finishedAt: null, result: null, details: null };
  action.events.push(event);
  action.updatedAt = now;
  return event;
}

export function succeed(world: World, action: Action, event: ActionEvent): void {
  close(world, action, event, "Success", null);
}

/** Fails the event and, with it, the whole action: that is what its message is for. */
export function failWith(world: World, action: Action, event: ActionEvent, details: string): void {
  close(world, action, event, "Error", details);
  action.message = "Error";
}

function close(
  world: World,
  action: Action,
  event: ActionEvent,
  result: "Success" | "Error",
  details: string | null,
): void {
  event.finishedAt = world.clock.now();
  event.result = result;
  event.details = details;
  action.updatedAt = event.finishedAt;
}

/** Conductor and scheduler run on a controller; hosts of a cloud without one do it themselves. */
export function conductor(world: World): string {
  return world.services.find((service) => service.binary === "nova-conductor")?.host ?? "controller";
}

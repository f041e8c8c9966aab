import type { SimulatedCloud } from "../../cloud.ts";
import { isAdmin } from "../../identity.ts";
import { evacuate, pause, powerOff, powerOn, rebootHard, resetState, unpause } from "../../instances.ts";
import { confirmResize, migrate, revertResize } from "../../cold-migration.ts";
import { migrateLive } from "../../live-migration.ts";
import { Refusal } from "../../refusal.ts";
import type { Action, ActionEvent, Instance, World } from "../../world.ts";
import {
  accepted,
  askerOf,
  callerOf,
  noContent,
  object,
  ok,
  param,
  stamp,
  type Answer,
  type Call,
  type Route,
} from "../api.ts";
import { python } from "./input.ts";
import { demandAdmin } from "./policy.ts";
import { hostId } from "./server-view.ts";
import { ownInstance } from "./servers.ts";

export function serverActionRoutes({ world }: SimulatedCloud): readonly Route[] {
  return [
    { method: "POST", pattern: "/v2.1/servers/:id/action", answer: (call) => act(world, call) },
    {
      method: "GET",
      pattern: "/v2.1/servers/:id/os-instance-actions",
      answer(call) {
        const instance = instanceOnceKnown(world, call);
        return ok({ instanceActions: instance.actions.map((action) => shown(call, instance, action)).reverse() });
      },
    },
    {
      method: "GET",
      pattern: "/v2.1/servers/:id/os-instance-actions/:request",
      answer(call) {
        const instance = instanceOnceKnown(world, call);
        const request = param(call, "request");
        const action = instance.actions.find(({ requestId }) => requestId === request);
        if (action === undefined)
          throw new Refusal(404, `Action for request_id ${request} on instance ${instance.id} not found`);
        const events = action.events.map((event) => shownEvent(call, event)).reverse();
        return ok({ instanceAction: { ...shown(call, instance, action), events } });
      },
    },
  ];
}

function act(world: World, call: Call): Answer {
  const body = object(call.body) ?? {};
  const [name, ...others] = Object.keys(body);
  const perform = name === undefined || others.length > 0 ? undefined : actions[name];
  if (name === undefined || perform === undefined) {
    throw new Refusal(400, name === undefined ? "Malformed request body" : `There is no such action: ${name}`);
  }
  return perform({ world, call, instance: ownInstance(world, call), given: body[name] });
}

interface Asked {
  readonly world: World;
  readonly call: Call;
  readonly instance: Instance;
  /** What stands behind the action's name in the body. */
  readonly given: unknown;
}

const actions: Readonly<Record<string, (asked: Asked) => Answer>> = {
  migrate({ world, call, instance, given }) {
    demandAdmin(call, "os-migrate-server:migrate");
    // Before 2.56 there is no way to name a host, and whatever the body holds is ignored.
    const host = call.minor >= 56 ? object(given)?.["host"] : null;
    migrate(world, instance, askerOf(call), typeof host === "string" ? host : null);
    return accepted;
  },
  "os-migrateLive"({ world, call, instance, given }) {
    demandAdmin(call, "os-migrate-server:migrate_live");
    const host = liveTarget(call, given);
    migrateLive(world, instance, askerOf(call), host);
    return accepted;
  },
  confirmResize({ world, call, instance }) {
    confirmResize(world, instance, askerOf(call));
    return noContent;
  },
  revertResize({ world, call, instance }) {
    revertResize(world, instance, askerOf(call));
    return accepted;
  },
  "os-stop"({ world, call, instance }) {
    powerOff(world, instance, askerOf(call));
    return accepted;
  },
  "os-start"({ world, call, instance }) {
    powerOn(world, instance, askerOf(call));
    return accepted;
  },
  reboot({ world, call, instance }) {
    rebootHard(world, instance, askerOf(call));
    return accepted;
  },
  pause({ world, call, instance }) {
    pause(world, instance, askerOf(call));
    return accepted;
  },
  unpause({ world, call, instance }) {
    unpause(world, instance, askerOf(call));
    return accepted;
  },
  lock({ instance }) {
    instance.locked = true;
    return accepted;
  },
  unlock({ instance }) {
    instance.locked = false;
    return accepted;
  },
  "os-resetState"({ world, call, instance, given }) {
    demandAdmin(call, "os-admin-actions:reset_state");
    const state = object(given)?.["state"];
    if (state !== "active" && state !== "error") {
      throw new Refusal(
        400,
        `Invalid input for field/attribute state. Value: ${String(state)}. ${python(state)} is not one of ['active', 'error']`,
      );
    }
    resetState(world, instance, state);
    return accepted;
  },
  evacuate({ world, call, instance, given }) {
    demandAdmin(call, "os-evacuate");
    const host = object(given)?.["host"];
    evacuate(world, instance, askerOf(call), typeof host === "string" ? host : null);
    return { status: 200, body: "" };
  },
};

function liveTarget(call: Call, given: unknown): string | null {
  const body = object(given) ?? {};
  const complain = (about: string): Refusal =>
    new Refusal(400, `Invalid input for field/attribute os-migrateLive. Value: ${python(given)}. ${about}`);
  const allowed = ["host", "block_migration"];
  if (call.minor < 25) allowed.push("disk_over_commit");
  if (call.minor >= 30 && call.minor < 68) allowed.push("force");
  for (const required of call.minor < 25 ? allowed : ["block_migration", "host"]) {
    if (body[required] === undefined) throw complain(`'${required}' is a required property`);
  }
  const unexpected = Object.keys(body).filter((key) => !allowed.includes(key));
  if (unexpected.length > 0) {
    const verb = unexpected.length === 1 ? "was" : "were";
    throw complain(`Additional properties are not allowed (${unexpected.map(python).join(", ")} ${verb} unexpected)`);
  }
  const { host } = body;
  if (host !== null && typeof host !== "string") throw complain(`${python(host)} is not of type 'string', 'null'`);
  return host;
}

/** Actions outlive their instance for those who may see it (from 2.21). */
function instanceOnceKnown(world: World, call: Call): Instance {
  const id = param(call, "id");
  const gone = call.minor >= 21 ? world.deleted.find((instance) => instance.id === id) : undefined;
  if (gone === undefined) return ownInstance(world, call);
  const caller = callerOf(call);
  if (isAdmin(caller) || gone.project === caller.project?.id) return gone;
  throw new Refusal(404, `Instance ${id} could not be found.`);
}

function shown({ minor }: Call, { id }: Instance, action: Action): Readonly<Record<string, unknown>> {
  return {
    action: action.name,
    instance_uuid: id,
    request_id: action.requestId,
    user_id: action.user,
    project_id: action.project,
    start_time: stamp(action.startedAt),
    message: action.message,
    ...(minor >= 58 ? { updated_at: stamp(action.updatedAt) } : {}),
  };
}

function shownEvent(call: Call, event: ActionEvent): Readonly<Record<string, unknown>> {
  const caller = callerOf(call);
  const admin = isAdmin(caller);
  return {
    event: event.name,
    start_time: stamp(event.startedAt),
    finish_time: stamp(event.finishedAt),
    result: event.result,
    ...(admin ? { traceback: null, host: event.host } : {}),
    ...(call.minor >= 62 ? { hostId: hostId(caller.project?.id ?? "", event.host) } : {}),
    ...(call.minor >= 84 ? { details: event.details } : {}),
  };
}

import type { SimulatedCloud } from "../../cloud.ts";
import { isAdmin } from "../../identity.ts";
import { Refusal } from "../../refusal.ts";
import { createGroup, deleteGroup, type GroupPolicy } from "../../tenant.ts";
import type { Group, World } from "../../world.ts";
import { askerOf, callerOf, noContent, object, ok, param, type Call, type Route } from "../api.ts";
import { bodyObject, number, pageOf, python, text } from "./input.ts";

export function groupRoutes({ world }: SimulatedCloud): readonly Route[] {
  return [
    {
      method: "GET",
      pattern: "/v2.1/os-server-groups",
      answer(call) {
        const all = call.query.has("all_projects") && isAdmin(callerOf(call));
        const mine = callerOf(call).project?.id;
        const found = [...world.groups.values()].filter(({ project }) => all || project === mine);
        // The one list that Nova pages by offset, and not by marker.
        const rest = found.slice(number(call.query, "offset") ?? 0);
        return ok({ server_groups: pageOf(rest, call).items.map((group) => shown(call, group)) });
      },
    },
    {
      method: "POST",
      pattern: "/v2.1/os-server-groups",
      answer(call) {
        const { user, project } = askerOf(call);
        const group = createGroup(world, {
          ...policyIn(call),
          name: text(bodyObject(call, "server_group"), "name"),
          project,
          user,
        });
        return ok({ server_group: shown(call, group) });
      },
    },
    {
      method: "GET",
      pattern: "/v2.1/os-server-groups/:id",
      answer: (call) => ok({ server_group: shown(call, ownGroup(world, call)) }),
    },
    {
      method: "DELETE",
      pattern: "/v2.1/os-server-groups/:id",
      answer(call) {
        deleteGroup(world, ownGroup(world, call));
        return noContent;
      },
    },
  ];
}

function ownGroup(world: World, call: Call): Group {
  const id = param(call, "id");
  const group = world.groups.get(id);
  const caller = callerOf(call);
  if (group !== undefined && (isAdmin(caller) || group.project === caller.project?.id)) return group;
  throw new Refusal(404, `Instance group ${id} could not be found.`);
}

function policyIn(call: Call): GroupPolicy {
  const body = bodyObject(call, "server_group");
  const given = call.minor >= 64 ? body["policy"] : (body["policies"] as unknown[] | undefined)?.[0];
  const policy = policies.find((known) => known === given);
  if (policy === undefined) {
    throw new Refusal(
      400,
      `Invalid input for field/attribute policy. Value: ${String(given)}. ${python(given)} is not one of ${python(policies)}`,
    );
  }
  const most = object(body["rules"])?.["max_server_per_host"];
  return { policy, maxPerHost: most === undefined ? undefined : Number(most) };
}

const policies = ["anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity"] as const;

function shown({ minor }: Call, group: Group): unknown {
  const { id, name, policy, rules, members, project, user } = group;
  return {
    id,
    name,
    ...(minor >= 64 ? { policy, rules } : { policies: [policy], metadata: {} }),
    members: [...members].map((instance) => instance.id),
    ...(minor >= 13 ? { project_id: project, user_id: user } : {}),
  };
}

import type { SimulatedCloud } from "../../cloud.ts";
import { lastReport, removeHost, updateService } from "../../hosts.ts";
import { Refusal } from "../../refusal.ts";
import { isUp, type Service } from "../../world.ts";
import { callerOf, noContent, object, ok, param, stamp, type Call, type Route } from "../api.ts";
import { python, text, uuidPattern } from "./input.ts";
import { demandAdmin } from "./policy.ts";

export function serviceRoutes({ world }: SimulatedCloud): readonly Route[] {
  const shown = (call: Call, service: Service): unknown => ({
    binary: service.binary,
    host: service.host,
    id: call.minor >= 53 ? service.id : service.number,
    zone: service.zone,
    status: service.disabled ? "disabled" : "enabled",
    state: isUp(world, service) ? "up" : "down",
    updated_at: stamp(lastReport(world, service)),
    disabled_reason: service.reason,
    ...(call.minor >= 11 ? { forced_down: service.forcedDown } : {}),
  });
  const withId = (call: Call): Service => {
    const id = param(call, "id");
    if (!uuidPattern.test(id)) throw new Refusal(400, `Invalid uuid ${id}`);
    const service = world.services.find((candidate) => candidate.id === id);
    if (service === undefined) throw new Refusal(404, `Service ${id} could not be found.`);
    return service;
  };
  const since53 = (call: Call): unknown => {
    const service = withId(call);
    updateService(world, service, updateFrom(object(call.body) ?? {}), callerOf(call).user.name);
    return { service: shown(call, service) };
  };
  return [
    {
      method: "GET",
      pattern: "/v2.1/os-services",
      answer(call) {
        demandAdmin(call, "os-services:list");
        const [binary, host] = [call.query.get("binary"), call.query.get("host")];
        const found = world.services.filter(
          (service) => (binary === null || service.binary === binary) && (host === null || service.host === host),
        );
        return ok({ services: found.map((service) => shown(call, service)) });
      },
    },
    {
      method: "PUT",
      pattern: "/v2.1/os-services/:id",
      answer(call) {
        demandAdmin(call, "os-services:update");
        return ok(call.minor >= 53 && !isOldCommand(call) ? since53(call) : before53(call, world.services));
      },
    },
    {
      method: "DELETE",
      pattern: "/v2.1/os-services/:id",
      answer(call) {
        demandAdmin(call, "os-services:delete");
        const service = withId(call);
        if (service.binary === "nova-compute") removeHost(world, service.host);
        else world.services.splice(world.services.indexOf(service), 1);
        return noContent;
      },
    },
  ];

  function before53(call: Call, services: readonly Service[]): unknown {
    const body = object(call.body) ?? {};
    const host = text(body, "host");
    const binary = text(body, "binary");
    const service = services.find((candidate) => candidate.host === host && candidate.binary === binary);
    if (service === undefined) throw new Refusal(404, `Could not find binary ${binary} on host ${host}.`);
    const by = callerOf(call).user.name;
    switch (param(call, "id")) {
      case "enable":
        updateService(world, service, { disabled: false }, by);
        return { service: { host, binary, status: "enabled" } };
      case "disable":
        updateService(world, service, { disabled: true }, by);
        return { service: { host, binary, status: "disabled" } };
      case "disable-log-reason": {
        const reason = text(body, "disabled_reason");
        updateService(world, service, { disabled: true, reason }, by);
        return { service: { host, binary, status: "disabled", disabled_reason: reason } };
      }
      case "force-down": {
        const forcedDown = body["forced_down"] === true;
        updateService(world, service, { forcedDown }, by);
        return { service: { host, binary, forced_down: forcedDown } };
      }
      default:
        throw new Refusal(404, "Unknown action");
    }
  }
}

/** What was a command before 2.53 is a body that nobody understands since. */
function isOldCommand(call: Call): boolean {
  if (!["enable", "disable", "disable-log-reason", "force-down"].includes(param(call, "id"))) return false;
  throw new Refusal(400, "Additional properties are not allowed ('binary', 'host' were unexpected)");
}

function updateFrom(body: Readonly<Record<string, unknown>>): Parameters<typeof updateService>[2] {
  const { status, disabled_reason: reason, forced_down: forcedDown } = body;
  if (status === undefined && forcedDown === undefined) {
    throw new Refusal(400, "No updates were requested. Fields 'status' or 'forced_down' should be specified.");
  }
  if (status !== undefined && status !== "enabled" && status !== "disabled") {
    const value = python(status);
    const complaint = `${value} is not one of ['enabled', 'disabled']`;
    throw new Refusal(
      400,
      `Invalid input for field/attribute status. Value: ${value.replaceAll("'", "")}. ${complaint}`,
    );
  }
  if (reason !== undefined && status !== "disabled") {
    throw new Refusal(400, "Specifying 'disabled_reason' with status 'enabled' is invalid.");
  }
  return {
    disabled: status === undefined ? undefined : status === "disabled",
    reason: typeof reason === "string" ? reason : null,
    forcedDown: typeof forcedDown === "boolean" ? forcedDown : undefined,
  };
}

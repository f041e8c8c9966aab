/** The way to the simulator itself, beside the cloud it simulates: `/simulator/…`. No token needed. */
import { z } from "zod";
import { addApplicationCredential, projectNamed } from "../identity.ts";
import { Refusal } from "../refusal.ts";
import type { Simulator } from "../simulator.ts";
import { accepted, noContent, ok, param, type Answer, type Api, type Call, type Route } from "./api.ts";

type Controlled = Omit<Simulator, "url" | "authUrl" | "env">;

export function control(simulator: Controlled): Api {
  const { cloud } = simulator;
  const { world, log, requestFaults } = cloud;
  const get = (pattern: string, answer: (call: Call) => Answer): Route => ({ method: "GET", pattern, answer });
  const post = <Schema extends z.ZodType>(
    pattern: string,
    schema: Schema,
    run: (body: z.output<Schema>, call: Call) => Answer,
  ): Route => ({
    method: "POST",
    pattern,
    answer: (call) => run(parsed(schema, call.body), call),
  });
  const remove = (pattern: string, run: (call: Call) => void): Route => ({
    method: "DELETE",
    pattern,
    answer(call) {
      run(call);
      return noContent;
    },
  });

  const routes: readonly Route[] = [
    get("/", () => ok({ routes: routes.map(({ method, pattern }) => `${method} /simulator${pattern}`) })),
    get("/log", ({ query }) => {
      const kind = query.get("kind");
      const events = log
        .events(Number(query.get("after") ?? 0))
        .filter((event) => kind === null || event.kind === kind);
      const limited = events.slice(0, Number(query.get("limit") ?? Infinity));
      return ok({ events: limited, last: log.last });
    }),
    get("/counts", () => ok(simulator.requestCounts())),
    remove("/counts", () => simulator.resetRequestCounts()),
    get("/invariants", ({ query }) => {
      const servicesAsAfter = Number(query.get("services_as_after") ?? 0);
      return ok({ violations: cloud.checkInvariants({ servicesAsAfter }) });
    }),
    get("/hosts", () => ok({ hosts: [...world.hosts.values()].map(shownHost) })),
    post("/hosts", HostBody, (body) => {
      cloud.addHost(body);
      return accepted;
    }),
    remove("/hosts/:name", (call) => cloud.removeHost(param(call, "name"))),
    post("/hosts/:name/crash", Nothing, (_body, call) => {
      cloud.crash(param(call, "name"));
      return accepted;
    }),
    post("/hosts/:name/come-back", Nothing, (_body, call) => {
      cloud.comeBack(param(call, "name"));
      return accepted;
    }),
    post("/hosts/:name/disable", z.object({ reason: z.string().optional() }).default({}), ({ reason }, call) => {
      cloud.disable(param(call, "name"), reason);
      return accepted;
    }),
    post("/hosts/:name/enable", Nothing, (_body, call) => {
      cloud.enable(param(call, "name"));
      return accepted;
    }),
    post("/hosts/:name/allocations", z.object({ instance: z.string() }), ({ instance }, call) => {
      cloud.leaveAllocation(instance, param(call, "name"));
      return accepted;
    }),
    get("/faults", () => ok({ requests: requestFaults.active.map(shownFault), moves: world.moveFaults })),
    remove("/faults", () => cloud.clearFaults()),
    post("/faults/requests", RequestFaultBody, (body) => ({ status: 201, body: shownFault(requestFaults.add(body)) })),
    remove("/faults/requests/:id", (call) => requestFaults.remove(Number(param(call, "id")))),
    post("/faults/moves", MoveFaultBody, (body) => {
      cloud.failMoves(body);
      return accepted;
    }),
    post(
      "/unreachable",
      z.object({ seconds: z.number().nonnegative().nullable().default(null) }).prefault({}),
      ({ seconds }) => {
        requestFaults.cutOff(seconds);
        return accepted;
      },
    ),
    remove("/unreachable", () => requestFaults.restore()),
    post("/users/:name/password", z.object({ password: z.string() }), ({ password }, call) => {
      cloud.identity.changePassword(param(call, "name"), password);
      return accepted;
    }),
    post("/users/:name/application-credentials", z.object({ project: z.string() }), ({ project }, call) => {
      const { id, secret } = addApplicationCredential(world, { user: param(call, "name"), project });
      return { status: 201, body: { id, secret } };
    }),
    remove("/tokens", ({ query }) => cloud.identity.revokeAll(query.get("user") ?? undefined)),
    post("/speed", z.object({ speed: z.number().positive() }), ({ speed }) => {
      simulator.setSpeed(speed);
      return accepted;
    }),
    get("/projects/:name/instances", (call) => {
      const { id } = projectNamed(world, param(call, "name"));
      const own = world.instances.filter(({ project }) => project === id);
      return ok({ instances: own.map((instance) => ({ id: instance.id, name: instance.name, host: instance.host })) });
    }),
    post("/projects/:name/instances", BootBody, (body, call) => {
      const { id } = cloud.asTenant(param(call, "name")).boot(body);
      return { status: 201, body: { id } };
    }),
    remove("/projects/:name/instances/:instance", (call) =>
      cloud.asTenant(param(call, "name")).delete(param(call, "instance")),
    ),
  ];
  return {
    name: "simulator",
    prefix: "/simulator",
    routes,
    admit: () => ({ token: null, minor: 0 }),
    headers: () => ({}),
    errorBody: ({ status, message }) => ({ error: { code: status, message } }),
  };

  function shownHost({ name, zone, capacity, used, guests, service }: ReturnType<typeof cloud.host>): unknown {
    const instances = [...guests].map((instance) => ({
      id: instance.id,
      name: instance.name,
      project: instance.project,
    }));
    return {
      name,
      zone,
      capacity,
      used,
      instances,
      disabled: service.disabled,
      reason: service.reason,
      dead: service.diedAt !== null,
    };
  }
}

function shownFault(fault: ReturnType<Controlled["cloud"]["requestFaults"]["add"]>): unknown {
  return { ...fault, path: fault.path?.source ?? null, body: fault.body?.source ?? null };
}

function parsed<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new Refusal(400, z.prettifyError(result.error));
}

const Nothing = z.unknown();

const HostBody = z.object({
  name: z.string().min(1),
  vcpus: z.number().int().positive().optional(),
  memoryMb: z.number().int().positive().optional(),
  diskGb: z.number().int().positive().optional(),
  zone: z.string().optional(),
});

const BootBody = z.object({
  name: z.string().min(1),
  flavor: z.string().default("small"),
  group: z.string().optional(),
  host: z.string().optional(),
});

const Moment = z.enum(["before", "after"]);

const RequestFaultBody = z.object({
  method: z.string().optional(),
  path: z.string().optional(),
  body: z.string().optional(),
  times: z.number().int().positive().nullable().default(1),
  effect: z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("answers"),
      status: z.number().int().min(400).max(599),
      retryAfterSeconds: z.number().nonnegative().optional(),
      message: z.string().optional(),
      html: z.boolean().optional(),
    }),
    z.object({ kind: z.literal("times_out"), when: Moment }),
    z.object({ kind: z.literal("disconnects"), when: Moment }),
    z.object({ kind: z.literal("slow"), seconds: z.number().nonnegative() }),
    z.object({ kind: z.literal("stale"), seconds: z.number().positive() }),
  ]),
});

const MoveFaultBody = z.object({
  instance: z.string().optional(),
  source: z.string().optional(),
  kind: z.enum(["live", "cold"]).optional(),
  times: z.number().int().positive().default(1),
  effect: z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("fails"),
      at: z.enum([
        "schedule",
        "check_can_live_migrate_destination",
        "pre_live_migration",
        "live_migration",
        "migrate_disk_and_power_off",
        "finish_migration",
        "confirm_migration",
        "spawn",
      ]),
      soft: z.boolean().optional(),
    }),
    z.object({ kind: z.literal("hangs"), seconds: z.number().positive().nullable() }),
    z.object({ kind: z.literal("lands_on"), host: z.string() }),
  ]),
});

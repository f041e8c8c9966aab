/**
 * The simulator answers as the real OpenStack did: same status, same headers of version, the same
 * fields of the same types, and of errors the same words. `captured-answers.json` holds what the
 * real one said, without the values that differ from cloud to cloud.
 */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { credentials, startLab, type Lab, type Person } from "./lab.ts";

interface Captured {
  readonly method: string;
  readonly service: "identity" | "compute" | "placement";
  readonly path: string;
  readonly version: string | null;
  readonly body?: unknown;
  readonly status: number;
  readonly error?: unknown;
  readonly shape?: unknown;
}

const captured = JSON.parse(readFileSync(new URL("./captured-answers.json", import.meta.url), "utf8")) as Record<
  string,
  Captured
>;

let lab: Lab;
beforeEach(async () => {
  lab = await startLab();
});
afterEach(async () => lab.close());

type Given = () => Promise<unknown> | void;

const migrating: Given = () => lab.act({ migrate: null });
const live: Given = () => lab.act({ "os-migrateLive": { host: null, block_migration: "auto" } });
const inVerify: Given = async () => {
  await migrating();
  lab.clock.settle();
};
const confirmed: Given = async () => {
  await inVerify();
  await lab.act({ confirmResize: null });
  lab.clock.settle();
};
const running: Given = async () => {
  await live();
  lab.clock.advance(3);
};
const threeAtOnce: Given = async () => {
  for (const name of ["tenant-a-3", "tenant-b-3", "tenant-b-9"]) {
    await lab.act({ "os-migrateLive": { host: null, block_migration: "auto" } }, lab.cloud.instance(name));
  }
  lab.clock.advance(3);
};
const moved: Given = async () => {
  await live();
  lab.clock.settle();
};
const stopped: Given = async () => {
  await lab.act({ "os-stop": null });
  lab.clock.settle();
};
const paused: Given = async () => {
  await lab.act({ pause: null });
  lab.clock.settle();
};
const down = (host: string): void => {
  lab.cloud.crash(host);
  lab.clock.advance(61);
};
const disabled: Given = () => lab.cloud.disable("compute-3", "maintenance");
const nowhere: Given = async () => {
  lab.cloud.failMoves({ effect: { kind: "fails", at: "schedule" } });
  await inVerify();
};
const confirmFailed: Given = async () => {
  lab.cloud.failMoves({ effect: { kind: "fails", at: "confirm_migration" } });
  await confirmed();
};

const cases: readonly (readonly [name: string, given?: Given | undefined, as?: Person])[] = [
  ["ks-version"],
  ["ks-token"],
  ["ks-unscoped-alice"],
  ["ks-401"],
  ["ks-validate"],
  ["ks-validate-bad"],
  ["nova-versions"],
  ["nova-401"],
  ["mv-bad"],
  ["mv-too-high"],
  ["mv-latest"],
  ["services-2.1"],
  ["services-2.11"],
  ["services-2.53"],
  ["services-2.93"],
  ["services-binary-2.93"],
  ["services-after-disable", disabled],
  ["svc-disable-2.53"],
  ["svc-disable-again", disabled],
  ["svc-enable", disabled],
  ["svc-enable-reason"],
  ["svc-empty"],
  ["svc-badstatus"],
  ["svc-bad-uuid"],
  ["svc-int-id-2.53"],
  ["svc-alice", undefined, "alice"],
  ["svc-forcedown"],
  ["svc-un-forcedown"],
  ["svc-disable-down", () => down("compute-3")],
  ["svc-old-disable-2.1"],
  ["svc-old-enable-2.1"],
  ["svc-old-enable-2.53"],
  ["svc-old-forcedown-2.11"],
  ["svc-old-forceup-2.11"],
  ["servers-detail-2.1"],
  ["servers-detail-2.53"],
  ["servers-detail-2.93"],
  ["servers-detail-alice-2.93", undefined, "alice"],
  ["servers-detail-alice-alltenants", undefined, "alice"],
  ["servers-detail-host-filter"],
  ["servers-list-host-filter"],
  ["server-show-2.1"],
  ["server-show-2.53"],
  ["server-show-2.71"],
  ["server-show-2.93"],
  ["hyp-list-2.93"],
  ["hyp-detail-2.1"],
  ["hyp-detail-2.33"],
  ["hyp-detail-2.53"],
  ["hyp-detail-2.87"],
  ["hyp-detail-2.88"],
  ["hyp-detail-2.93"],
  ["hyp-down-2.87", () => down("compute-2")],
  ["hyp-down-2.93", () => down("compute-2")],
  ["hyp-servers-2.53"],
  ["hyp-servers-2.93"],
  ["hyp-pattern-none"],
  ["groups-admin"],
  ["groups-admin-2.1"],
  ["groups-alice", undefined, "alice"],
  ["aggregates"],
  ["az"],
  ["flavors"],
  ["limits"],
  ["act-migrate"],
  ["act-live"],
  ["act-confirm", inVerify],
  ["act-revert", inVerify],
  ["action-migrate", inVerify],
  ["action-migrate-running", () => migrating()?.then(() => lab.clock.advance(3))],
  ["action-confirmResize", confirmed],
  ["action-live", moved],
  ["actions-migrate", confirmed],
  ["os-migrations-verify", inVerify],
  ["os-migrations-confirmed", confirmed],
  ["os-migrations-live", moved],
  ["os-migrations-running", running],
  ["os-migrations-queued", threeAtOnce],
  ["novalid-migrations", nowhere],
  ["server-migrations-running", running],
  ["server-migration-running-show", running],
  ["server-migrations-verify", inVerify],
  ["migrate-tenant", undefined, "alice"],
  ["migrate-404"],
  ["migrate-twice", migrating],
  ["migrate-same-host"],
  ["migrate-unknown-host"],
  ["migrate-disabled-host"],
  ["migrate-host-2.55"],
  ["migrate-host-2.56"],
  ["migrate-in-verify", inVerify],
  ["migrate-during-live", live],
  ["migrate-shutoff", stopped],
  ["migrate-paused", paused],
  ["migrate-locked-admin", () => lab.act({ lock: null })],
  ["cold-from-down", () => down("compute-3")],
  ["cold-to-down", () => down("compute-2")],
  ["live-2.1"],
  ["live-missing-block"],
  ["live-force-2.67"],
  ["live-force-2.68"],
  ["live-unknown-host"],
  ["live-disabled-host"],
  ["live-same-host"],
  ["live-in-verify", inVerify],
  ["live-while-migrating", migrating],
  ["live-shutoff", stopped],
  ["live-paused", paused],
  ["live-from-down", () => down("compute-3")],
  ["live-to-down", () => down("compute-2")],
  ["live-crashed-up", () => lab.cloud.crash("compute-3")],
  ["live-abort", running],
  ["live-abort-again", moved],
  ["live-force-complete", running],
  ["stop-during-live", live],
  ["confirm-twice", () => Promise.resolve(inVerify()).then(() => lab.act({ confirmResize: null }))],
  ["confirm-when-active"],
  ["confirm-after-error", confirmFailed],
  ["revert-when-active"],
  ["evacuate-up-host"],
  ["evacuate", () => down("compute-3")],
  ["pl-root"],
  ["pl-rp"],
  ["pl-inventories"],
  ["pl-usages"],
  ["pl-rp-allocations"],
  ["pl-traits-enabled"],
  ["pl-traits-disabled", disabled],
  ["pl-allocations"],
  ["pl-allocations-1.0"],
  ["pl-allocations-none"],
  ["pl-allocations-verify", inVerify],
  ["pl-allocations-verify-migration", inVerify],
  ["live-pl-alloc", running],
  ["pl-candidates"],
  ["pl-candidates-forbidden-1.39"],
  ["pl-candidates-too-old"],
  ["pl-proj-usages"],
  ["pl-404"],
  ["pl-mv-high"],
  ["pl-alice", undefined, "alice"],
];

const table = cases.map(([name, given, as = "admin"]) => ({ name, given, as }));

test.each(table)("$name", async ({ name, given, as }) => {
  await given?.();
  const real = captured[name]!;
  const answer = await ask(real, name, as);
  const text = await answer.text();
  expect(answer.status).toBe(real.status);
  if (real.service === "compute" && real.version !== null && real.path !== "/") expectVersions(answer, real.version);
  if (real.error !== undefined) expect(anonymous(JSON.parse(text))).toEqual(real.error);
  else if (real.shape === undefined) expect(text === "" || text === '""').toBe(true);
  else expect(differences(real.shape, JSON.parse(text))).toEqual([]);
});

async function ask(real: Captured, name: string, as: Person): Promise<Response> {
  const headers: Record<string, string> = {};
  if (real.version !== null) headers["openstack-api-version"] = real.version;
  if (!["nova-401", "ks-401", "ks-token", "ks-unscoped-alice"].includes(name)) headers["x-auth-token"] = lab.tokens[as];
  if (name === "ks-validate") headers["x-subject-token"] = lab.tokens.alice;
  if (name === "ks-validate-bad") headers["x-subject-token"] = "nonsense";
  const body = real.service === "identity" && real.method === "POST" ? entrance(name) : real.body;
  const prefix = real.service === "placement" ? "/placement" : `/${real.service}`;
  return fetch(`${lab.url}${prefix}${filled(name, real.path)}`, {
    method: real.method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(adapted(name, body)) }),
  });
}

function entrance(name: string): unknown {
  if (name === "ks-401") return credentials("admin", "wrong", "admin");
  return name === "ks-token" ? credentials("admin", "admin", "admin") : credentials("alice", "secret", null);
}

/** The lab's server is on compute-3, those of the captures were elsewhere. */
function adapted(name: string, body: unknown): unknown {
  if (name === "migrate-same-host") return { migrate: { host: "compute-3" } };
  if (name === "live-same-host") return { "os-migrateLive": { host: "compute-3", block_migration: "auto" } };
  return body;
}

/** The captured path with the ids of this cloud. */
function filled(name: string, path: string): string {
  const { cloud, server } = lab;
  const migration = server.migrations.at(-1);
  const consumer = name === "pl-allocations-verify-migration" ? migration?.id : server.id;
  return path
    .replace("/os-services/{id}", `/os-services/${cloud.host("compute-3").service.id}`)
    .replace("/resource_providers/{id}", `/resource_providers/${cloud.host("compute-3").id}`)
    .replace("{migration}", `${migration?.number}`)
    .replace("{request}", server.actions.at(-1)?.requestId ?? "")
    .replace("{project}", server.project)
    .replace("/allocations/{id}", `/allocations/${consumer}`)
    .replaceAll("{id}", server.id);
}

function expectVersions(answer: Response, version: string): void {
  const told = version.replace("latest", "2.93");
  // Refused before a version was agreed upon.
  if (!/^2\.(\d|[0-8]\d|9[0-3])$/.test(told.replace("compute ", ""))) return;
  expect(answer.headers.get("openstack-api-version")).toBe(told);
  expect(answer.headers.get("x-openstack-request-id")).toMatch(/^req-[0-9a-f-]{36}$/);
}

function anonymous(body: unknown): unknown {
  const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
  return JSON.parse(JSON.stringify(body).replace(uuid, "{id}"));
}

/** Where a value has other fields, or fields of another type, than the real answer had. */
function differences(shape: unknown, value: unknown, at = "$"): string[] {
  if (typeof shape === "string") {
    const type = value === null ? "null" : typeof value;
    // What was null once may be set now, and the other way round.
    return shape === "null" || type === "null" || shape.split("|").includes(type)
      ? []
      : [`${at}: ${type}, not ${shape}`];
  }
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return [`${at}: no list`];
    return shape.length === 0 ? [] : value.flatMap((item, place) => differences(shape[0], item, `${at}[${place}]`));
  }
  if (typeof value !== "object" || value === null) return [`${at}: no object`];
  const fields = shape as Record<string, unknown>;
  const found = value as Record<string, unknown>;
  if ("*" in fields)
    return Object.entries(found).flatMap(([key, item]) => differences(fields["*"], item, `${at}.${key}`));
  if (Object.keys(fields).length === 0) return [];
  const missing = Object.keys(fields).filter((key) => !(key in found));
  const extra = Object.keys(found).filter((key) => !(key in fields));
  return [
    ...missing.map((key) => `${at}.${key}: missing`),
    ...extra.map((key) => `${at}.${key}: extra`),
    ...Object.keys(fields).flatMap((key) => (key in found ? differences(fields[key], found[key], `${at}.${key}`) : [])),
  ];
}

import { expect, test } from "vitest";
import type { KnownHost } from "../../src/domain/cloud.ts";
import { PluginName } from "../../src/domain/ids.ts";
import type { RequestedAction } from "../../src/domain/session.ts";
import { resolveHosts } from "../../src/domain/session-hosts.ts";
import { host } from "../support/a-view.ts";

const known: KnownHost[] = [
  { name: host("compute-1"), roles: ["compute"], door: { kind: "open" } },
  { name: host("all-in-one"), roles: ["compute", "controller"], door: { kind: "closed", reason: "broken fan" } },
  { name: host("storage-1"), roles: ["other"], door: null },
];
const action = (phase: RequestedAction["phase"]): RequestedAction => ({
  plugin: PluginName.parse("dummy"),
  phase,
  order: 0,
  metadata: {},
});

test.each([
  {
    name: "none named: every compute and controller, also closed ones",
    hosts: [],
    phases: [],
    names: ["compute-1", "all-in-one"],
  },
  {
    name: "named ones, in the order given",
    hosts: ["storage-1", "compute-1"],
    phases: [],
    names: ["storage-1", "compute-1"],
  },
  { name: "an unknown one, with actions for others", hosts: ["nas"], phases: ["other" as const], names: ["nas"] },
])("$name", ({ hosts, phases, names }) => {
  const resolved = resolveHosts(hosts.map(host), known, phases.map(action));
  expect(resolved.kind === "resolved" && resolved.hosts.map(({ name }) => name)).toEqual(names);
});

test("a part of a name is not the host (B17)", () => {
  expect(resolveHosts([host("compute-1"), host("compute")], known, [])).toEqual({
    kind: "unknown",
    host: "compute",
    index: 1,
  });
});

test("a cloud without hosts", () => {
  expect(resolveHosts([], [], []).kind).toBe("none");
});

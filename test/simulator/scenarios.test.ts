import { expect, test } from "vitest";
import { manualClock } from "../../src/simulator/clock.ts";
import type { CloudOptions } from "../../src/simulator/build-world.ts";
import { simulatedCloud } from "../../src/simulator/cloud.ts";
import { demoCloud, fullCloud, largeCloud } from "../../src/simulator/scenarios.ts";
import { startSimulator } from "../../src/simulator/simulator.ts";
import { allocate, settleOn } from "../../src/simulator/world.ts";
import { logIn } from "./lab.ts";

const build = (options: CloudOptions) => simulatedCloud({ ...options, clock: manualClock() });

test.each([
  { name: "demo", options: demoCloud(), roomToEmptyAHost: true },
  { name: "full", options: fullCloud(), roomToEmptyAHost: false },
])("$name: no host is empty, room to empty one: $roomToEmptyAHost", ({ options, roomToEmptyAHost }) => {
  const cloud = build(options);
  const hosts = [...cloud.world.hosts.values()];
  expect(hosts).toHaveLength(8);
  expect(hosts.every(({ guests }) => guests.size > 0)).toBe(true);
  expect(cloud.world.groups.size).toBe(3);
  expect(cloud.checkInvariants()).toEqual([]);
  const used = (host: (typeof hosts)[number]): number => host.used["VCPU"] ?? 0;
  const free = hosts.reduce((sum, host) => sum + (host.capacity["VCPU"] ?? 0) - used(host), 0);
  const enough = hosts.every((host) => free - ((host.capacity["VCPU"] ?? 0) - used(host)) >= used(host));
  expect(enough).toBe(roomToEmptyAHost);
});

test("the same seed builds the same cloud", () => {
  const ids = (seed: number): string[] => [...simulatedCloud({ ...demoCloud(), seed }).world.instancesById.keys()];
  expect(ids(7)).toEqual(ids(7));
  expect(ids(7)).not.toEqual(ids(8));
});

test("an instance that fits nowhere is a mistake in the scenario", () => {
  const options = { hosts: [{ name: "h1", vcpus: 1 }], projects: ["shop"] };
  const big = { name: "big", project: "shop", flavor: "large" };
  expect(() => build({ ...options, instances: [big] })).toThrow("big fits nowhere");
});

test("a thousand hosts with twenty thousand instances can be listed to the end", async () => {
  const simulator = await startSimulator({ ...largeCloud({ hosts: 1000, instances: 20_000 }), times: "at-once" });
  const headers = { "x-auth-token": await logIn(simulator.authUrl, "admin", "admin", "admin") };
  let next: string | undefined = `${simulator.url}/compute/v2.1/servers/detail?all_tenants=1`;
  const seen = new Set<string>();
  while (next !== undefined) {
    const answer = await fetch(next, { headers });
    const page = (await answer.json()) as { servers: { id: string }[]; servers_links?: { href: string }[] };
    for (const { id } of page.servers) seen.add(id);
    next = page.servers_links?.[0]?.href;
  }
  await simulator.close();
  expect(seen.size).toBe(20_000);
});

test("a controller can be a compute too", () => {
  const cloud = build({ hosts: ["both"], controllers: ["both"], projects: ["shop"] });
  expect(cloud.world.services.map(({ binary, host }) => `${binary} ${host}`)).toEqual([
    "nova-scheduler both",
    "nova-conductor both",
    "nova-compute both",
  ]);
});

test("invariants see what nobody should be able to do", () => {
  const cloud = build({
    hosts: [
      { name: "h1", vcpus: 2 },
      { name: "h2", vcpus: 1 },
    ],
    projects: ["shop"],
    groups: [{ name: "apart", project: "shop" }],
    instances: [
      { name: "web", project: "shop", group: "apart", host: "h1" },
      { name: "db", project: "shop", group: "apart", host: "h2" },
    ],
  });
  const after = cloud.log.last;
  const web = cloud.instance("web");
  expect(cloud.checkInvariants({ servicesAsAfter: after })).toEqual([]);
  settleOn(cloud.world, web, "h2");
  cloud.disable("h1");
  cloud.log.record({ kind: "instance_appeared", instance: web.id, host: "h1" });
  const kinds = cloud.checkInvariants({ servicesAsAfter: after }).map(({ kind }) => kind);
  expect(kinds).toEqual(["on_two_hosts", "anti_affinity", "allocation_astray", "service_not_restored"]);
  allocate(cloud.world, web, cloud.host("h2"), web.flavor.resources);
  expect(cloud.checkInvariants().map(({ kind }) => kind)).toContain("over_capacity");
});

import fc from "fast-check";
import { expect, test } from "vitest";
import type { CloudFacts } from "../../src/domain/cloud.ts";
import { foresee } from "../../src/planner/foresee.ts";
import { indexed } from "../../src/planner/index-facts.ts";
import { aCloud, host, instance, vcpus } from "./cloud.ts";

test("what has moved counts where it is going, and no longer where it was", () => {
  const cloud = aCloud({ hosts: { c1: {}, c2: {} }, instances: { a: { on: "c1", vcpus: 2 }, b: { on: "c1" } } });
  const later = foresee(cloud, [{ instance: instance("a"), to: host("c2") }]);
  expect(later.computes.map(({ used }) => used)).toEqual([vcpus(1), vcpus(2)]);
  expect(later.instances.map(({ host: on }) => on)).toEqual(["c2", "c1"]);
});

test("what Placement books on both hosts already counts once where it is going", () => {
  const cloud = aCloud({
    hosts: { c1: {}, c2: { used: vcpus(2) } },
    instances: { a: { on: "c1", vcpus: 2, status: "MIGRATING" } },
  });
  const later = foresee(cloud, [{ instance: instance("a"), to: host("c2") }]);
  expect(later.computes.map(({ used }) => used)).toEqual([vcpus(0), vcpus(2)]);
});

test("after any moves, and moves after those, everything is found as if the cloud had been read anew", () => {
  const hosts = ["h0", "h1", "h2", "h3"];
  const ids = Array.from({ length: 9 }, (_, n) => `i${n}`);
  const moves = fc.array(fc.record({ instance: fc.constantFrom(...ids), to: fc.constantFrom(...hosts) }));
  fc.assert(
    fc.property(fc.array(fc.nat(4), { minLength: 9, maxLength: 9 }), moves, moves, (places, first, then) => {
      const cloud = aCloud({
        hosts: Object.fromEntries(hosts.map((name) => [name, { vcpus: 99 }])),
        instances: Object.fromEntries(ids.map((id, n) => [id, { on: hosts[places[n] ?? 0] ?? null }])),
        groups: { web: { members: ids.slice(0, 5) }, db: { members: ids.slice(3, 8) } },
      });
      const after = [first, then].reduce<CloudFacts>(
        (facts, step) =>
          foresee(
            facts,
            step.map(({ instance: id, to }) => ({ instance: instance(id), to: host(to) })),
          ),
        cloud,
      );
      const found = indexed(after);
      const anew = indexed({ ...after });
      for (const name of hosts) {
        expect(found.instancesOn.get(host(name)) ?? []).toEqual(anew.instancesOn.get(host(name)) ?? []);
        expect(found.membersAt.get(host(name)) ?? new Map()).toEqual(anew.membersAt.get(host(name)) ?? new Map());
      }
      for (const id of ids.map(instance)) {
        expect(found.hostOf.get(id)).toBe(anew.hostOf.get(id));
        expect(found.byId.get(id)).toBe(anew.byId.get(id));
        expect(found.groupsOf.get(id)).toEqual(anew.groupsOf.get(id));
      }
      expect(found.classes).toEqual(anew.classes);
    }),
  );
});

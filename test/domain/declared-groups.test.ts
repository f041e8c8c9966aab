import { expect, test } from "vitest";
import type { CloudFacts, ServerGroup } from "../../src/domain/cloud.ts";
import { constraintsFrom, type GroupConstraints, type InstanceConstraints } from "../../src/domain/constraint.ts";
import { withDeclaredGroups } from "../../src/domain/declared-groups.ts";
import { GroupId } from "../../src/domain/ids.ts";
import { instance, project } from "../support/a-view.ts";

const web = GroupId.parse("web");
const [shop, a, b, c] = [project("shop"), instance("a"), instance("b"), instance("c")];

const nova = (changes: Partial<ServerGroup> = {}): ServerGroup => ({
  ...{ id: web, name: "web", project: shop, policy: "anti-affinity", maxPerHost: 2, members: [a] },
  ...changes,
});
const facts = (...groups: readonly ServerGroup[]): CloudFacts => ({
  computes: [],
  controllers: [],
  instances: [],
  groups,
});
const declared = (changes: Partial<GroupConstraints> = {}) =>
  constraintsFrom(
    [a, b, c].map((id): InstanceConstraints => ({
      ...{ instance: id, project: shop, group: web, name: id, maxInterruptionSeconds: 1 },
      ...{ migrationType: "MIGRATE", resourceMitigation: true, leadTimeSeconds: 1 },
    })),
    [
      {
        ...{ group: web, project: shop, name: "declared", antiAffinity: true, maxInstancesPerHost: 1 },
        ...{ maxImpactedMembers: 1, recoveryTimeSeconds: 1, resourceMitigation: true },
        ...changes,
      },
    ],
  );

test.each([
  {
    name: "Nova knows no such group: it is added",
    groups: [],
    max: 1,
    maxPerHost: 1,
    policy: "anti-affinity",
    members: [a, b, c],
  },
  {
    name: "no limit was given: one on each host",
    groups: [],
    max: 0,
    maxPerHost: 1,
    policy: "anti-affinity",
    members: [a, b, c],
  },
  {
    name: "Nova's is looser: the declared limit holds",
    groups: [nova()],
    max: 1,
    maxPerHost: 1,
    policy: "anti-affinity",
    members: [a, b, c],
  },
  {
    name: "Nova's is stricter: Nova's holds",
    groups: [nova()],
    max: 5,
    maxPerHost: 2,
    policy: "anti-affinity",
    members: [a, b, c],
  },
  {
    name: "Nova only asks for it: declared, it has to be",
    groups: [nova({ policy: "soft-anti-affinity", maxPerHost: 1 })],
    max: 3,
    maxPerHost: 3,
    policy: "anti-affinity",
    members: [a, b, c],
  },
  {
    name: "Nova keeps them together: that stays",
    groups: [nova({ policy: "affinity" })],
    max: 1,
    maxPerHost: 2,
    policy: "affinity",
    members: [a],
  },
  {
    name: "the id is of another project's group: that stays as it is",
    groups: [nova({ project: project("rival") })],
    max: 1,
    maxPerHost: 2,
    policy: "anti-affinity",
    members: [a],
  },
])("$name", ({ groups, max, maxPerHost, policy, members }) => {
  const seen = withDeclaredGroups(facts(...groups), declared({ maxInstancesPerHost: max })).groups;
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({ policy, maxPerHost, members });
});

test("where no anti-affinity was declared the facts are the same, and asked again the answer is the same", () => {
  const look = facts(nova());
  expect(withDeclaredGroups(look, declared({ antiAffinity: false }))).toBe(look);
  const constraints = declared();
  expect(withDeclaredGroups(look, constraints)).toBe(withDeclaredGroups(look, constraints));
});

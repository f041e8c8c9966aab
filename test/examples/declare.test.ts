/** What the sample manager declares of Nova's server groups. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { fenixAt } from "../../examples/client/fenix.ts";
import { declareConstraints } from "../../examples/manager/declare.ts";
import { connect } from "../../examples/manager/nova.ts";
import { DeclareGroup } from "../../src/wire/instance-group.ts";
import { credentials, type FakeWorld, fakeWorld, project } from "./fake-world.ts";

let world: FakeWorld;
beforeEach(async () => void (world = await fakeWorld()));
afterEach(() => world.close());

test.each([
  { policy: "anti-affinity", rules: {}, apart: [true, 1] },
  { policy: "anti-affinity", rules: { max_server_per_host: 1 }, apart: [true, 1] },
  { policy: "anti-affinity", rules: { max_server_per_host: 3 }, apart: [true, 3] },
  { policy: "soft-anti-affinity", rules: {}, apart: [false, 0] },
  { policy: "affinity", rules: {}, apart: [false, 0] },
])("a group of $policy, $rules is declared as it is: $apart", async ({ policy, rules, apart }) => {
  world.groups.push({ id: "web", name: "web", policy, rules, members: [] });
  const { nova, token } = await connect(credentials(world));
  const fenix = fenixAt({ url: world.url, projectId: project, token });
  await declareConstraints(fenix, nova, { leadSeconds: 30, recoverySeconds: 5, interruptionSecondsMax: 2 }, "MIGRATE");
  const group = DeclareGroup.parse(world.declared[0]?.body);
  expect([group.anti_affinity_group, group.max_instances_per_host]).toEqual(apart);
});

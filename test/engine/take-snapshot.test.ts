import { expect, test } from "vitest";
import { takeSnapshot } from "../../src/engine/commands/take-snapshot.ts";
import { aCloud } from "../effects/support.ts";
import { aCloud as facts } from "../planner/cloud.ts";

const look = (sketch: Parameters<typeof facts>[0]) => ({ cloud: aCloud({ facts: async () => facts(sketch) }) });

test("one look becomes a snapshot, with the session that is wanted", async () => {
  const cloud = look({ hosts: { a: {}, b: {} }, instances: { web: { on: "a" } } });
  const { hosts, instances, session } = await takeSnapshot({ session: { hosts: ["b"], objective: "moves" } }, cloud);
  expect([hosts.length, instances.length]).toEqual([2, 1]);
  expect(session).toMatchObject({ hosts: ["b"], objective: "moves", max_hosts_at_once: null });
});

test("an unknown host is named by its field", async () => {
  const taken = takeSnapshot({ session: { hosts: ["a", "x"] } }, look({ hosts: { a: {} } }));
  await expect(taken).rejects.toMatchObject({
    code: "HOST_UNKNOWN",
    field: "hosts[1]",
    message: 'the cloud has no host "x"',
  });
});

test("a cloud that lists something twice is not believed", async () => {
  const { cloud } = look({ hosts: { a: {} } });
  const twice = {
    facts: async () => {
      const once = await cloud.facts({ signal: AbortSignal.timeout(1_000) });
      return { ...once, computes: [...once.computes, ...once.computes] };
    },
  };
  await expect(takeSnapshot({}, { cloud: aCloud(twice) })).rejects.toMatchObject({ code: "CLOUD_UNAVAILABLE" });
});

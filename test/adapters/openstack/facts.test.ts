import { expect, test } from "vitest";
import { cloudFacts, type FactsParts } from "../../../src/adapters/openstack/facts.ts";
import type { ServerRow, ServiceRow } from "../../../src/adapters/openstack/nova.ts";
import { HostName, InstanceId, ProjectId } from "../../../src/domain/ids.ts";

const { signal } = new AbortController();
const host = HostName.parse("compute-1");

const service: ServiceRow = {
  ...{ id: "1", binary: "nova-compute", host, zone: "nova", status: "enabled", state: "up" },
};
const server = (changes: Partial<ServerRow> = {}): ServerRow => ({
  ...{ id: InstanceId.parse("web"), name: "web", project: ProjectId.parse("shop"), host, zone: "nova" },
  ...{ status: "ACTIVE", taskState: null, updated: new Date(0), fault: null },
  flavor: { vcpus: 2, ram: 512, disk: 0, ephemeral: 0, swap: 0, extra_specs: {} },
  ...changes,
});

/** A cloud of one host, as far as one look at it goes. */
function aCloud({ servers, booked }: { readonly servers: readonly ServerRow[]; readonly booked: readonly string[] }) {
  let looks = 0;
  const parts = {
    nova: {
      services: async () => [service],
      aggregates: async () => [],
      groups: async () => [],
      async servers() {
        looks++;
        return servers;
      },
    },
    placement: {
      inventories: async () => ({ VCPU: { total: 8, reserved: 0, allocation_ratio: 1 } }),
      allocations: async () =>
        Object.fromEntries(booked.map((consumer) => [consumer, { resources: { VCPU: 2, MEMORY_MB: 512 } }])),
    },
    providers: {
      read: async () => new Map([[host, [{ uuid: "one", generation: 1, root_provider_uuid: "one" }]]]),
      of: async () => [],
    },
  };
  // As much of both APIs as a look at the cloud uses.
  return { facts: cloudFacts(parts as unknown as FactsParts), looks: () => looks };
}

test.each([
  { name: "a server and its booking", servers: [server()], booked: ["web"], vcpus: 2 },
  { name: "a booking of nobody known", servers: [], booked: ["left-behind"], vcpus: 2 },
  { name: "a server that left between list and books counts until its move is known", vcpus: 2 },
  {
    name: "a server on its way is booked by its migration",
    servers: [server({ status: "VERIFY_RESIZE" })],
    booked: ["its-migration"],
    vcpus: 2,
  },
])("used: $name", async ({ servers = [server()], booked = [], vcpus }) => {
  const { computes } = await aCloud({ servers, booked }).facts({ signal });
  expect(computes[0]?.used["VCPU"]).toBe(vcpus);
});

test("those who ask while a look is under way share the next one", async () => {
  const { facts, looks } = aCloud({ servers: [], booked: [] });
  const all = await Promise.all([facts({ signal }), facts({ signal }), facts({ signal })]);
  expect(looks()).toBe(2);
  expect(all[1]).toBe(all[2]);
  expect(all[0]).not.toBe(all[1]);
});

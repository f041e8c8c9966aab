import { expect, test, vi } from "vitest";
import type { HostDoor, Occupants } from "../../src/domain/cloud.ts";
import { removeHost } from "../../src/effects/remove-host.ts";
import type { Removed } from "../../src/ports/cloud.ts";
import { host, instance } from "../support/a-view.ts";
import { performing } from "./support.ts";

const shut: HostDoor = { kind: "closed", reason: "it leaves" };
const nobody: Occupants = { instances: [], allocations: [], arriving: [] };
const removed: Removed = { kind: "removed" };

test.each<{
  name: string;
  door: HostDoor | null;
  there?: Occupants;
  answer?: Removed;
  asked: number;
  ends: object;
}>([
  { name: "a closed and empty host is removed", door: shut, asked: 1, ends: { kind: "done" } },
  { name: "one that was removed before a crash is removed", door: null, asked: 0, ends: { kind: "done" } },
  {
    name: "one that somebody opened stays",
    door: { kind: "open" },
    asked: 0,
    ends: { kind: "failed", reason: "compute-1 was opened meanwhile" },
  },
  {
    name: "one that somebody came to stays",
    door: shut,
    there: { ...nobody, arriving: [instance("web")] },
    asked: 0,
    ends: { kind: "failed", reason: "compute-1 is not empty any more" },
  },
  {
    name: "what the cloud says against it is told",
    door: shut,
    answer: { kind: "refused", reason: "a migration is in progress" },
    asked: 1,
    ends: { kind: "failed", reason: "a migration is in progress" },
  },
])("$name", async ({ door, there = nobody, answer = removed, asked, ends }) => {
  const effect = { kind: "remove_host", host: host("compute-1") } as const;
  const remove = vi.fn(async () => answer);
  const cloud = { door: async () => door, occupants: async () => there, remove };
  expect(await removeHost(effect, performing(effect, { cloud }))).toMatchObject(ends);
  expect(remove).toHaveBeenCalledTimes(asked);
});

import { expect, test, vi } from "vitest";
import type { Occupants } from "../../src/domain/cloud.ts";
import { checkEmpty } from "../../src/effects/check-empty.ts";
import { host, instance } from "../support/a-view.ts";
import { performing } from "./support.ts";

const nobody: Occupants = { instances: [], allocations: [], arriving: [] };
const effect = { kind: "check_empty", host: host("compute-1"), look: 1 } as const;

test.each([
  { occupants: nobody, text: "compute-1 is empty" },
  {
    occupants: { instances: [instance("a")], allocations: ["b", "c"], arriving: [instance("d")] },
    text: "compute-1 has 1 instances (a), 2 allocations (b, c), 1 arriving instances (d)",
  },
])("$text", async ({ occupants, text }) => {
  const cloud = { occupants: async () => occupants };
  expect(await checkEmpty(effect, performing(effect, { cloud }))).toEqual({ kind: "done", outcome: occupants, text });
});

test("what is stale is put right first, where that is asked for, and told", async () => {
  const order: string[] = [];
  const healAllocations = vi.fn(async () => (order.push("heal"), ["the allocation of x was taken off compute-1"]));
  const occupants = vi.fn(async () => (order.push("look"), nobody));
  const healing = { ...effect, heal: true } as const;
  const performed = await checkEmpty(healing, performing(healing, { cloud: { healAllocations, occupants } }));
  expect(order).toEqual(["heal", "look"]);
  expect(performed).toMatchObject({ text: "the allocation of x was taken off compute-1; compute-1 is empty" });
});

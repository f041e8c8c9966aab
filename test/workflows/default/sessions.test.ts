import { expect, test } from "vitest";
import { agree, play } from "../play.ts";

test("room in one host: one is emptied into it, and so on through all", () => {
  const played = play({
    cloud: {
      hosts: { c1: {}, c2: {}, c3: {} },
      instances: { a: { on: "c1", vcpus: 2 }, b: { on: "c2", vcpus: 2 }, c: { on: "c3", vcpus: 2 } },
    },
    managers: { shop: agree },
  });
  console.log(played.timeline.join("\n"));
  expect(played.state).toBe("MAINTENANCE_DONE");
  expect(played.world.breaches).toEqual([]);
});

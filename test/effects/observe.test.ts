import { expect, test } from "vitest";
import { observe } from "../../src/effects/observe.ts";
import { aCloud } from "../planner/cloud.ts";
import { project } from "../support/a-view.ts";
import { performing } from "./support.ts";

const look = { kind: "observe", occasion: "start" } as const;
const facts = async () => aCloud({ hosts: {}, instances: {} });
const alarmedBy = async (listening: readonly string[] | null) => {
  const alarms = { listening: async () => listening && listening.map((name) => project(name)) };
  const performed = await observe(look, performing(look, { cloud: { facts }, alarms }));
  return performed.consequences?.alarmed;
};

test("a look at the cloud finds who listens to event alarms", async () => {
  expect(await alarmedBy(["shop"])).toEqual(["shop"]);
  expect(await alarmedBy([])).toEqual([]);
});

test("and changes nothing about it when nobody can say, or Fenix tells nothing over the message bus", async () => {
  expect(await alarmedBy(null)).toBeUndefined();
  const performed = await observe(look, performing(look, { cloud: { facts } }));
  expect([performed.kind, performed.consequences?.alarmed]).toEqual(["done", undefined]);
});

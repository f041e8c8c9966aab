import { expect, test } from "vitest";
import { whoIsThere } from "../../../plugins/workflows/shared/drain/who-is-there.ts";
import type { CloudFacts, CloudInstance } from "../../../src/domain/cloud.ts";
import type { EffectStatus } from "../../../src/domain/effect.ts";
import { aView, host, instance, later, project, recorded } from "../../support/a-view.ts";

const web: CloudInstance = {
  ...{ id: instance("web"), name: "web", project: project("shop"), host: host("a"), status: "ACTIVE" },
  ...{ taskState: null, demand: { VCPU: 1 }, zone: "nova", aggregateSpecs: {} },
};
const facts: CloudFacts = { computes: [], controllers: [], instances: [web], groups: [] };

const done = (at: string): EffectStatus<"move_instance"> => ({
  kind: "done",
  at: later(10),
  outcome: { host: host(at), seconds: 1 },
});
const refused: EffectStatus<"move_instance"> = { kind: "failed", at: later(20), reason: "No valid host was found" };

/** The last look showed it on `a`; these moves were tried since. */
test.each([
  { name: "not moved: where it was seen", tries: [], on: ["a"] },
  { name: "moved on", tries: [{ from: "a", to: "b", status: done("b") }], on: ["b"] },
  { name: "a move that failed", tries: [{ from: "a", to: "b", status: refused }], on: ["a"] },
  {
    name: "moved on, and then it could not be moved from there: it is there still",
    tries: [
      { from: "a", to: "b", status: done("b") },
      { from: "b", to: "c", status: refused },
    ],
    on: ["b"],
  },
  {
    name: "moved twice",
    tries: [
      { from: "a", to: "b", status: done("b") },
      { from: "b", to: "c", status: done("c") },
    ],
    on: ["c"],
  },
])("$name", ({ tries, on }) => {
  const view = aView({
    facts,
    effects: tries.map(({ from, to, status }, place) =>
      recorded(
        {
          ...{ kind: "move_instance", instance: web.id, how: "MIGRATE", attempt: place + 1 },
          ...{ from: host(from), to: host(to) },
        },
        status,
      ),
    ),
  });
  expect(["a", "b", "c"].filter((name) => whoIsThere(view, facts, host(name)).length > 0)).toEqual(on);
});

import { describe, expect, test } from "vitest";
import { constraintsFrom, type InstanceConstraints, standIn } from "../../src/domain/constraint.ts";
import { GroupId } from "../../src/domain/ids.ts";
import { replacementsOf } from "../../src/domain/replacement.ts";
import { instance, later, project } from "../support/a-view.ts";

const web = GroupId.parse("web");

const member = (id: string, changes: Partial<InstanceConstraints> = {}): InstanceConstraints => ({
  instance: instance(id),
  project: project("shop"),
  group: web,
  name: id,
  maxInterruptionSeconds: 120,
  migrationType: "OWN_ACTION",
  resourceMitigation: false,
  leadTimeSeconds: 0,
  declaredAt: later(-1_000),
  ...changes,
});
const fresh = (id: string, changes: Partial<InstanceConstraints> = {}) =>
  member(id, { declaredAt: later(10), ...changes });

/** Who took whose place, as `old→new`, when all of these were asked about at noon. */
const found = (declared: readonly InstanceConstraints[], ...old: readonly string[]): string =>
  [
    ...replacementsOf(
      constraintsFrom(declared, []),
      old.map((id) => ({ instance: instance(id), askedAt: later(0) })),
    ),
  ]
    .map(([before, now]) => `${before}→${now}`)
    .join(" ");

describe("which instance took the place of a re-created one", () => {
  const a = member("a");
  const b = member("b");
  test.each([
    ["the one that was declared to", [a, fresh("x", { replaces: a.instance, group: null })], ["a"], "a→x"],
    ["the declared one, whatever else is new", [a, fresh("x", { replaces: a.instance }), fresh("y")], ["a"], "a→x"],
    ["the one new member of its group, whatever its name", [a, b, fresh("x")], ["a"], "a→x"],
    ["nobody, where none is new", [a, b], ["a"], ""],
    ["nobody, where two are new", [a, fresh("x"), fresh("y")], ["a"], ""],
    ["nobody of another group, though it has the same name", [a, fresh("x", { name: "a", group: null })], ["a"], ""],
    ["nobody of another project", [a, fresh("x", { project: project("bank") })], ["a"], ""],
    ["nobody who takes another one's place", [a, b, fresh("x", { replaces: b.instance })], ["a"], ""],
    ["nobody whose project is not known to share its group", [member("a", { group: null }), fresh("x")], ["a"], ""],
    [
      "two at a time are told apart by their names",
      [a, b, fresh("x", { name: "b" }), fresh("y", { name: "a" })],
      ["a", "b"],
      "a→y b→x",
    ],
    ["two at a time without their names are not told apart", [a, b, fresh("x"), fresh("y")], ["a", "b"], ""],
    [
      "one of two is said, so the other one is known",
      [a, b, fresh("x", { replaces: a.instance }), fresh("y")],
      ["a", "b"],
      "a→x b→y",
    ],
  ])("%s", (_, declared, old, expected) => expect(found(declared, ...old)).toBe(expected));
});

describe("who stands for an instance", () => {
  const chain = [member("a"), fresh("b", { replaces: instance("a") }), fresh("c", { replaces: instance("b") })];
  test.each([
    ["itself, where nobody took its place", [member("a")], "a"],
    ["the last of those who took it one after the other", chain, "c"],
    [
      "the newest of two who claim it",
      [
        member("a"),
        fresh("n", { replaces: instance("a"), declaredAt: later(20) }),
        fresh("o", { replaces: instance("a") }),
      ],
      "n",
    ],
    [
      "nobody of another project",
      [member("a"), fresh("x", { replaces: instance("a"), project: project("bank") })],
      "a",
    ],
    [
      "somebody, even where a manager declared a circle",
      [member("a", { replaces: instance("b") }), fresh("b", { replaces: instance("a") })],
      "b",
    ],
  ])("%s", (_, declared, expected) => {
    expect(standIn(constraintsFrom(declared, []), instance("a"))).toBe(expected);
  });
});

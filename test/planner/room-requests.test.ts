import { describe, expect, test } from "vitest";
import { GroupId, ProjectId } from "../../src/domain/ids.ts";
import { roomRequests, type Spare } from "../../src/planner/room-requests.ts";
import { vcpus } from "./cloud.ts";

const web = GroupId.parse("web");

const spare = (project: string, size: number, instances: number, changes: Partial<Spare> = {}): Spare => ({
  project: ProjectId.parse(project),
  group: null,
  demand: vcpus(size),
  instances,
  isApart: false,
  isHomeless: false,
  ...changes,
});

/** As `project: so many × of that size [of a group]`. */
const told = (missing: number, spares: readonly Spare[], mayLeave: ReadonlyMap<GroupId, number> = new Map()) =>
  roomRequests(vcpus(missing), spares, mayLeave).map(({ project, members, missing: part }) => {
    const parts = members.map(
      ({ instances, group, demand }) => `${instances} × ${demand["VCPU"]}${group === null ? "" : ` of ${group}`}`,
    );
    return `${project}: ${parts.join(" and ")} for ${part["VCPU"]}`;
  });

describe("who gives up how much", () => {
  test.each([
    ["as few instances as possible", 4, [spare("shop", 1, 9), spare("shop", 4, 1)], ["shop: 1 × 4 for 4"]],
    ["no larger one than is needed", 2, [spare("shop", 8, 1), spare("shop", 2, 1)], ["shop: 1 × 2 for 2"]],
    ["several where one is not enough", 5, [spare("shop", 2, 9)], ["shop: 3 × 2 for 5"]],
    [
      "those first for whom there is no room",
      2,
      [spare("bank", 2, 2), spare("shop", 2, 2, { isHomeless: true })],
      ["shop: 1 × 2 for 2"],
    ],
    [
      "others for the rest",
      4,
      [spare("bank", 2, 5), spare("shop", 2, 1, { isHomeless: true })],
      ["bank: 1 × 2 for 2", "shop: 1 × 2 for 2"],
    ],
    [
      "stand-ins last, even where it is for them that there is no room",
      2,
      [spare("ha", 2, 2, { isApart: true, isHomeless: true }), spare("shop", 2, 1)],
      ["shop: 1 × 2 for 2"],
    ],
    ["as much as there is", 9, [spare("shop", 2, 2)], ["shop: 2 × 2 for 4"]],
    ["nobody where nobody can help", 2, [spare("shop", 0, 5)], []],
    ["nobody where nothing is missing", 0, [spare("shop", 1, 5)], []],
  ])("%s", (_, missing, spares, expected) => expect(told(missing, spares)).toEqual(expected));

  test.each([
    { max: 1, expected: ["shop: 1 × 2 of web for 2"] },
    { max: 2, expected: ["shop: 2 × 2 of web for 4"] },
    { max: 0, expected: [] },
  ])("no more members of a group than may leave: $max", ({ max, expected }) => {
    expect(told(6, [spare("shop", 2, 5, { group: web })], new Map([[web, max]]))).toEqual(expected);
  });

  test("a group's limit holds over all sizes of its members", () => {
    const spares = [spare("shop", 2, 5, { group: web }), spare("shop", 1, 5, { group: web }), spare("shop", 1, 5)];
    expect(told(4, spares, new Map([[web, 1]]))).toEqual(["shop: 1 × 2 of web and 2 × 1 for 4"]);
  });

  test("every class is covered", () => {
    const demand = { VCPU: 1, MEMORY_MB: 8_192 };
    const requests = roomRequests(
      { VCPU: 3, MEMORY_MB: 8_192 },
      [spare("shop", 2, 3), spare("shop", 1, 3, { demand })],
      new Map(),
    );
    expect(requests).toEqual([
      {
        project: "shop",
        missing: { VCPU: 3, MEMORY_MB: 8_192 },
        members: [
          { instances: 1, group: null, demand },
          { instances: 1, group: null, demand: vcpus(2) },
        ],
      },
    ]);
  });
});

import { expect, test } from "vitest";
import {
  compareMicroversions,
  newestCommon,
  parseMicroversion,
  versions,
} from "../../../src/adapters/openstack/microversion.ts";
import { VersionDocument } from "../../../src/adapters/openstack/version-document.ts";

test.each([
  { older: "2.9", newer: "2.60" },
  { older: "2.6", newer: "2.60" },
  { older: "2.53", newer: "2.100" },
  { older: "2.93", newer: "3.0" },
])("$older is older than $newer, which as fractions they are not", ({ older, newer }) => {
  expect(compareMicroversions(parseMicroversion(older)!, parseMicroversion(newer)!)).toBeLessThan(0);
});

test.each(["", "latest", "2", "2.", "2.5.3", "v2.1"])("%j is no microversion", (text) => {
  expect(parseMicroversion(text)).toBeNull();
});

test.each([
  { offered: ["2.1", "2.93"], wanted: ["2.53", "2.84"], chosen: { major: 2, minor: 84 } },
  { offered: ["2.1", "2.60"], wanted: ["2.53", "2.84"], chosen: { major: 2, minor: 60 } },
  { offered: ["2.1", "2.42"], wanted: ["2.53", "2.84"], chosen: null },
  { offered: ["2.90", "2.110"], wanted: ["2.53", "2.84"], chosen: null },
])("of $offered offered and $wanted wanted, $chosen is asked for", ({ offered, wanted, chosen }) => {
  expect(newestCommon(versions(offered[0]!, offered[1]), versions(wanted[0]!, wanted[1]))).toEqual(chosen);
});

test.each([
  {
    service: "Nova, at the version's own address",
    document: { version: { id: "v2.1", status: "CURRENT", version: "2.93", min_version: "2.1" } },
    read: versions("2.1", "2.93"),
  },
  {
    service: "Nova, at its root",
    document: {
      versions: [
        { id: "v2.0", status: "SUPPORTED", version: "", min_version: "" },
        { id: "v2.1", status: "CURRENT", version: "2.93", min_version: "2.1" },
      ],
    },
    read: versions("2.1", "2.93"),
  },
  {
    service: "Placement",
    document: { versions: [{ id: "v1.0", max_version: "1.39", min_version: "1.0", status: "CURRENT" }] },
    read: versions("1.0", "1.39"),
  },
])("the versions of $service are understood", ({ document, read }) => {
  expect(VersionDocument.parse(document)).toEqual(read);
});

test("a Nova from before microversions is not understood", () => {
  expect(VersionDocument.safeParse({ version: { id: "v2.0", version: "", min_version: "" } }).success).toBe(false);
});

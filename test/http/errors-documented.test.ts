import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { type ProblemCode, problems } from "../../src/problems.ts";

const page = await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8");
const sections = new Map(
  page
    .split(/^#{2,3} /m)
    .slice(1)
    .map((section) => [section.split("\n", 1)[0] ?? "", section] as const)
    .filter(([title]) => /^[A-Z_]+$/.test(title)),
);

test("docs/errors.md explains every problem and no other", () => {
  expect([...sections.keys()].toSorted()).toEqual(Object.keys(problems).toSorted());
});

test.each(Object.keys(problems) as ProblemCode[])("%s has its status, title, cause and next move", (code) => {
  const { status, title } = problems[code];
  const [, summary, , cause, , move] =
    /^.*\n\n(.*)\n\n(\*\*Cause\.\*\* ([^]+?))\n\n(\*\*Next move\.\*\* ([^]+?))\n/.exec(sections.get(code) ?? "")!;
  expect(summary).toBe(`${status}. ${title}.`);
  expect(cause?.length).toBeGreaterThan(20);
  expect(move?.length).toBeGreaterThan(10);
});

/** Holds the documents of operators to the code, as far as a machine can. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

test("docs/operating.md names every variable of the configuration, and no other", () => {
  const configured = [...read("src/config.ts").matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, name = ""]) => name);
  const table = read("docs/operating.md").split("## Configuration")[1]?.split("\n## ")[0] ?? "";
  // A row shortens alternatives: `OS_USER_DOMAIN_NAME` or `_ID`.
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  const documented = rows.flatMap((row) => namesIn(row.split(" | ")[0] ?? ""));
  // Read by host actions under names that the operator makes up, and described in docs/plugins.md.
  const secrets = ["FENIX_SECRETS_DIR"];
  expect(new Set(documented)).toEqual(new Set([...configured, ...secrets]));
});

function namesIn(cell: string): string[] {
  const names: string[] = [];
  for (const [, name = ""] of cell.matchAll(/`(_?[A-Z][A-Z_]+)`/g))
    names.push(name.startsWith("_") ? `${(names.at(-1) ?? "").replace(/_[A-Z]+$/, "")}${name}` : name);
  return names;
}

test.each([
  "README.md",
  "docs/operating.md",
  "docs/plugins.md",
  "docs/managers.md",
  "examples/manager/README.md",
  "CONTRIBUTING.md",
])("%s links to files that are there", (document) => {
  const links = [...read(document).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = ""]) => target);
  expect(links.filter((target) => !existsSync(join(ROOT, dirname(document), target)))).toEqual([]);
});

test("README.md names commands that exist", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const named = [...read("README.md").matchAll(/npm (?:run )?(start|test|(?<=run )[a-z]+)/g)].map(
    ([, name = ""]) => name,
  );
  expect(new Set(named)).toEqual(new Set(["demo", "test", "start"]));
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

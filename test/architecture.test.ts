/**
 * Holds the code to the directions of ARCHITECTURE.md. A failure names the file, what it imports, and what its
 * folder may import; whoever means to change a direction changes the table below, where a review sees it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

interface Rule {
  /** Parts of src/, by folder or file, or a folder inside one; every part may import itself. */
  readonly parts: readonly string[];
  /** Packages from npm, and "node" for what Node brings along. "any" where a technology is at home. */
  readonly packages: readonly string[] | "any";
}

const ALL = "every part";

const RULES: Readonly<Record<string, Rule>> = {
  domain: { parts: [], packages: ["zod"] },
  // Of Node, the planner takes the hash of node:crypto; the test of purity below keeps the rest out.
  planner: { parts: ["domain"], packages: ["zod", "node"] },
  // The testing suites that plugin authors import run under vitest.
  sdk: { parts: ["domain", "planner"], packages: ["zod", "node", "vitest"] },
  // Of the planner, its formats: plans are kept as they are.
  ports: { parts: ["domain", "planner"], packages: ["zod", "node"] },
  engine: { parts: ["domain", "planner", "sdk", "ports", "problems"], packages: ["zod", "node"] },
  effects: { parts: ["domain", "sdk", "ports", "engine", "problems"], packages: ["zod", "node"] },
  // What is reported to clients is shaped by ports/reports.ts, of which the wire needs the types.
  // The formats of snapshots and plans are published as the planner has them.
  wire: { parts: ["domain", "planner", "ports", "problems"], packages: ["zod", "node"] },
  access: { parts: ["domain", "ports"], packages: ["node", "yaml"] },
  adapters: { parts: ["domain", "planner", "ports", "wire", "problems"], packages: "any" },
  // Of the planner, its formats: they are published as they are.
  http: { parts: ["domain", "planner", "ports", "access", "engine", "wire", "problems"], packages: "any" },
  worker: { parts: ["domain", "ports", "engine", "effects", "problems"], packages: "any" },
  // The judge of executed sessions knows nothing of those who executed them, so it cannot repeat their mistakes.
  verify: { parts: [], packages: ["zod"] },
  problems: { parts: [], packages: [] },
  config: { parts: [], packages: ["zod", "node"] },
  wiring: { parts: [ALL], packages: "any" },
  main: { parts: ["wiring", "config"], packages: "any" },
  // These talk to Fenix or play a cloud over HTTP, as a program of somebody else would. The command enters the cloud as
  // Fenix does, prints the rules that it has unless told otherwise, and judges sessions and plans by itself.
  cli: { parts: ["config", "access", "adapters/openstack", "planner", "verify", "problems"], packages: "any" },
  web: { parts: [], packages: "any" },
  simulator: { parts: [], packages: ["zod", "node"] },
};

test("every part of src/ has a rule", () => {
  const parts = new Set(sourceFiles("src").map((file) => partOf(file)));
  expect([...parts].filter((part) => !(part in RULES))).toEqual([]);
});

test("src/ imports along the arrows", () => {
  const broken = sourceFiles("src").flatMap((file) => {
    const part = partOf(file);
    const rule = RULES[part];
    if (!rule) return [];
    return importsOf(file)
      .filter((imported) => !isAllowed(part, rule, file, imported))
      .map((imported) => `${file} imports ${imported}, but ${part} may import only ${describe(rule)}`);
  });
  expect(broken).toEqual([]);
});

test("a plugin imports #sdk, its own files and those in the folder shared beside it; a host action also what Node brings along", () => {
  const broken = sourceFiles("plugins").flatMap((file) => {
    const [, kind = "", name = ""] = file.split("/");
    const own = [`plugins/${kind}/${name}/`, `plugins/${kind}/shared/`];
    const packages = kind === "host-actions" ? ["#sdk", "zod", "node"] : ["#sdk", "zod"];
    if (file.endsWith(".test.ts")) packages.push("#sdk/testing", "vitest", "fast-check", "node");
    return importsOf(file)
      .filter(
        (imported) =>
          !(isRelative(imported)
            ? own.some((folder) => target(file, imported).startsWith(folder))
            : packages.includes(packageOf(imported))),
      )
      .map((imported) => `${file} imports ${imported}, but may import only its own files and ${packages.join(", ")}`);
  });
  expect(broken).toEqual([]);
});

test("examples know Fenix by its HTTP API alone", () => {
  const broken = sourceFiles("examples").flatMap((file) =>
    importsOf(file)
      .filter((imported) => isRelative(imported) && !target(file, imported).startsWith("examples/"))
      .map((imported) => `${file} imports ${imported}`),
  );
  expect(broken).toEqual([]);
});

test("the checker of plans shares with the planner nothing but the formats", () => {
  const broken = sourceFiles("src/planner/check").flatMap((file) =>
    importsOf(file)
      .filter((imported) => isRelative(imported) && !/^src\/planner\/(check|format)\//.test(target(file, imported)))
      .map((imported) => `${file} imports ${imported}`),
  );
  expect(broken).toEqual([]);
  // Of the formats, the types: a wrong digest or a wrong schema would be wrong on both sides.
  const values = sourceFiles("src/planner/check").filter((file) =>
    /^import (?!type )[^;]*"\.\.\/format\//m.test(readFileSync(join(ROOT, file), "utf8")),
  );
  expect(values).toEqual([]);
});

test("what decides is pure: no clock, no chance, nothing from outside", () => {
  const impure =
    /\bDate\.now\b|new Date\(\)|\bDate\(\)|Math\.random|performance\.now|randomUUID|getRandomValues|\b(?:setTimeout|setInterval|setImmediate|fetch)\(|\bprocess\./g;
  const broken = ["src/domain", "src/planner", "src/verify", "plugins/workflows"].flatMap((folder) =>
    sourceFiles(folder)
      .filter((file) => !file.endsWith(".test.ts"))
      .flatMap((file) => findAll(file, impure).map((found) => `${file} uses ${found}, which has to be handed in`)),
  );
  expect(broken).toEqual([]);
});

test("the environment is read in one place for each program", () => {
  const readers = [
    "src/config.ts",
    "src/sdk/environment.ts", // The plugins' secrets, which Fenix itself must not know.
    "src/simulator/main.ts", // A program of its own,
    "src/cli/main.ts", // and so is the command line client.
  ];
  const broken = sourceFiles("src")
    .filter((file) => !readers.includes(file) && findAll(file, /\bprocess\.env\b|\bprocess\["env"\]/g).length > 0)
    .map((file) => `${file} reads process.env, which only ${readers.join(", ")} may`);
  expect(broken).toEqual([]);
});

function isAllowed(part: string, { parts, packages }: Rule, file: string, imported: string): boolean {
  if (!isRelative(imported)) return packages === "any" || packages.includes(packageOf(imported));
  const path = target(file, imported);
  if (!path.startsWith("src/")) return false;
  const other = partOf(path);
  const inFolder = parts.some((folder) => path.startsWith(`src/${folder}/`));
  return other === part || parts.includes(other) || inFolder || parts.includes(ALL);
}

function describe({ parts, packages }: Rule): string {
  return [...parts, ...(packages === "any" ? ["any package"] : packages)].join(", ") || "nothing";
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(ts|mts|mjs|js)$/.test(file) && !file.includes("node_modules"))
    .map((file) => `${folder}/${file}`)
    .sort();
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const statements =
    /^(?:import|export)\s(?:[^;"']*?\sfrom\s+)?["']([^"']+)["']|^[^*\n]*\bimport\(\s*["']([^"']+)["']/gm;
  return [...text.matchAll(statements)].map(([, fixed, dynamic]) => fixed ?? dynamic ?? "");
}

function findAll(file: string, pattern: RegExp): string[] {
  const code = readFileSync(join(ROOT, file), "utf8").replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
  return code.match(pattern) ?? [];
}

/** `src/engine/advance.ts` is of the part "engine", and `src/wiring.ts` of "wiring". */
const partOf = (file: string) => (file.split("/")[1] ?? "").replace(/\.ts$/, "");
const isRelative = (imported: string) => imported.startsWith(".");
const target = (file: string, imported: string) => normalize(join(dirname(file), imported));

function packageOf(imported: string): string {
  if (isBuiltin(imported)) return "node";
  if (imported.startsWith("#")) return imported;
  return imported.split("/", imported.startsWith("@") ? 2 : 1).join("/");
}

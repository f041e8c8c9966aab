import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PluginName } from "../../src/domain/ids.ts";
import { loadPlugins } from "../../src/engine/load-plugins.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fenix-plugins-"));
});
afterEach(() => rm(folder, { recursive: true }));

const put = async (path: string, text: string) => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
};

/** JavaScript text by field. */
type Fields = Readonly<Record<string, string | undefined>>;

/** A host action in plain JavaScript, right in every field that is not given. */
const anAction = (fields: Fields = {}) =>
  `export default { ${Object.entries({
    name: '"nothing"',
    phases: '["host"]',
    metadata: "{ safeParse: (data) => ({ success: true, data }) }",
    rerun: '"idempotent"',
    timeoutSeconds: "() => 60",
    run: "async () => {}",
    ...fields,
  })
    .map(([key, value]) => `${key}: ${value}`)
    .join(", ")} };`;

const aWorkflow = (fields: Fields = {}) =>
  `const step = () => ({}); export default { ${Object.entries({
    name: '"short"',
    initial: '"BEGIN"',
    failed: '"FAILED"',
    transitions: '{ BEGIN: ["DONE"], DONE: [], FAILED: [] }',
    steps: "{ BEGIN: step, DONE: step, FAILED: step }",
    ...fields,
  })
    .map(([key, value]) => `${key}: ${value}`)
    .join(", ")} };`;

test("the built-in plugins are found and good", async () => {
  const plugins = await loadPlugins(["plugins"]);
  expect(plugins.names().hostActions).toEqual(expect.arrayContaining(["dummy"]));
  expect(plugins.hostAction(PluginName.parse("dummy"))?.phases).toContain("host");
});

test("an operator's folder is laid out the same and adds to them", async () => {
  await put("host-actions/nothing/index.mjs", anAction());
  await put("host-actions/README.md", "not a plugin");
  await put("workflows/short/index.js", aWorkflow());
  const plugins = await loadPlugins(["plugins", folder]);
  expect(plugins.hostAction(PluginName.parse("nothing"))?.name).toBe("nothing");
  expect(plugins.workflow(PluginName.parse("short"))?.initial).toBe("BEGIN");
  expect(plugins.found).toContainEqual({ name: "short", file: join(folder, "workflows/short/index.js") });
});

test.each([
  { wrong: { name: '"no spaces please"' }, says: "name: a plugin name has letters, digits, - and _ only" },
  { wrong: { phases: "[]" }, says: "phases: must name at least one phase" },
  { wrong: { phases: '["hots"]' }, says: "phases[0]: Invalid option" },
  { wrong: { metadata: "{}" }, says: "metadata: must be a zod schema" },
  { wrong: { rerun: '"maybe"' }, says: 'rerun: must be "idempotent"' },
  { wrong: { rerun: '"detectable"' }, says: 'isDone: must be there, since rerun is "detectable"' },
  { wrong: { isdone: "async () => true" }, says: "isdone: is not known here" },
  { wrong: { timeoutSeconds: "60" }, says: "timeoutSeconds: must be a function" },
  { wrong: { run: "undefined" }, says: "run: must be a function" },
])("a host action with $wrong is refused", async ({ wrong, says }) => {
  await put("host-actions/nothing/index.mjs", anAction(wrong));
  await expect(loadPlugins([folder])).rejects.toThrow(`${join(folder, "host-actions/nothing/index.mjs")}: ${says}`);
});

test.each([
  { wrong: { initial: '"START"' }, says: "initial: START is no state of transitions" },
  { wrong: { failed: '"BROKEN"' }, says: "failed: BROKEN is no state of transitions" },
  {
    wrong: { transitions: '{ BEGIN: ["DNOE", "DONE"], DONE: [], FAILED: [] }' },
    says: "transitions.BEGIN: leads to DNOE",
  },
  {
    wrong: { transitions: "{ BEGIN: [], DONE: [], FAILED: [] }" },
    says: "transitions.DONE: no way leads to this state",
  },
  { wrong: { steps: "{ BEGIN: step, FAILED: step }" }, says: "steps.DONE: is missing" },
  { wrong: { steps: "{ BEGIN: step, DONE: step, FAILED: step, MORE: step }" }, says: "steps.MORE: is no state" },
  { wrong: { steps: "{ BEGIN: step, DONE: 1, FAILED: step }" }, says: "steps.DONE: must be a function" },
])("a workflow with $wrong is refused", async ({ wrong, says }) => {
  await put("workflows/short/index.mjs", aWorkflow(wrong));
  await expect(loadPlugins([folder])).rejects.toThrow(`${join(folder, "workflows/short/index.mjs")}: ${says}`);
});

test("everything wrong is told at once", async () => {
  await put("host-actions/a/index.mjs", anAction({ name: '"a"', phases: "[]" }));
  await put("host-actions/b/index.mjs", "export default 7;");
  await put("host-actions/c/index.mjs", "this is no JavaScript");
  const error = await loadPlugins([folder]).catch(String);
  expect(error).toContain("a/index.mjs: phases:");
  expect(error).toContain("b/index.mjs: has no default export that is a plugin");
  expect(error).toContain("c/index.mjs: cannot be loaded:");
});

test("two plugins with one name are refused, and both are named", async () => {
  await put("host-actions/nothing/index.mjs", anAction());
  await put("host-actions/other/index.mjs", anAction());
  await expect(loadPlugins([folder])).rejects.toThrow(
    `${join(folder, "host-actions/other/index.mjs")}: name: "nothing" is taken by ${join(folder, "host-actions/nothing/index.mjs")}`,
  );
});

test.each([
  { given: "is not there", make: async () => undefined, says: 'has neither a folder "workflows"' },
  { given: "has a plugin without index", make: () => put("host-actions/x/main.ts", ""), says: "x has no index.ts" },
])("a folder that $given is refused", async ({ make, says }) => {
  await make();
  await expect(loadPlugins([folder])).rejects.toThrow(says);
});

test("a TypeScript plugin anywhere on the disk imports #sdk without a package.json", async () => {
  await put(
    "host-actions/stranger/index.ts",
    `import { defineHostAction, everyPhase, z } from "#sdk";
     export default defineHostAction({ name: "stranger", phases: everyPhase, metadata: z.object({}), async run() {} });`,
  );
  // In a process of its own: here the test runner resolves modules, not Node.js.
  const main = `
    const { loadPlugins } = await import(${JSON.stringify(join(process.cwd(), "src/engine/load-plugins.ts"))});
    console.log(JSON.stringify((await loadPlugins([${JSON.stringify(folder)}])).names().hostActions));`;
  const { stdout } = await promisify(execFile)("node", ["--import", "tsx", "--input-type=module", "--eval", main]);
  expect(JSON.parse(stdout)).toEqual(["stranger"]);
});

/** What docs/plugins.md and the plugins' own pages show is what runs. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PluginName } from "../../src/domain/ids.ts";
import { ActionPhase } from "../../src/domain/session.ts";
import { loadPlugins } from "../../src/engine/load-plugins.ts";
import { checkAction } from "../../src/engine/plugins.ts";
import { z } from "../../src/sdk/index.ts";

const plugins = await loadPlugins(["plugins", "examples/plugins"]);
const page = readFileSync("docs/plugins.md", "utf8");

const shown = [...page.matchAll(/<!-- (\S+) -->\n```ts\n([\s\S]*?)```/g)].map(([, file = "", text = ""]) => ({
  file,
  text,
}));

test("the page shows a host action, a workflow and a test", () => {
  expect(shown.map(({ file }) => file)).toEqual([
    "examples/plugins/host-actions/wait-for-port/index.ts",
    "examples/plugins/workflows/empty-hosts/index.ts",
    "examples/plugins/host-actions/wait-for-port/wait-for-port.test.ts",
  ]);
});

test.each(shown)("$file is shown as it is", ({ file, text }) => {
  expect(text).toBe(readFileSync(file, "utf8"));
});

test("the examples are laid out as an operator's folder, and the registry takes them", () => {
  expect(plugins.names().hostActions).toContain("wait-for-port");
  expect(plugins.names().workflows).toContain("empty-hosts");
});

const actions = readdirSync("plugins/host-actions").map((name) => `plugins/host-actions/${name}/README.md`);
const requests = ["docs/plugins.md", ...actions].flatMap((file) =>
  [...readFileSync(file, "utf8").matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = ""]) => ({ file, text })),
);
const Asked = z.object({ plugin: PluginName, type: ActionPhase, metadata: z.unknown() });

test.each(requests)("an action that $file asks for is accepted", ({ text }) => {
  const { plugin, type, metadata } = Asked.parse(JSON.parse(text));
  expect(() => checkAction(plugins, { plugin, phase: type, metadata }, "actions[0]")).not.toThrow();
});

test("every built-in action has such a page with an example", () => {
  expect(new Set(requests.map(({ file }) => file))).toEqual(new Set(["docs/plugins.md", ...actions]));
});

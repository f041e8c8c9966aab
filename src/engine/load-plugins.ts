/** Finds the plugins in their folders and refuses to start with a bad one, naming its file and field. */
import { readdir } from "node:fs/promises";
import { register } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { HostAction } from "../domain/host-action.ts";
import { hostActionFaults, workflowFaults } from "../domain/plugin.ts";
import type { Workflow } from "../domain/workflow.ts";
import type { Plugins } from "../ports/plugins.ts";
import { pluginsOf } from "./plugins.ts";

/** The plugins and where each was found, for the log at start. */
export interface LoadedPlugins extends Plugins {
  readonly found: readonly { readonly name: string; readonly file: string }[];
}

/**
 * Loads the plugins of folders that are laid out like this package's own: `workflows/<name>/index.ts` and
 * `host-actions/<name>/index.ts` (or .mts, .js, .mjs), each a default export. Throws one error that lists everything
 * wrong with all of them, so that an operator mends it in one go.
 */
export async function loadPlugins(folders: readonly string[]): Promise<LoadedPlugins> {
  shareSdkWith(folders);
  const files = (await Promise.all(folders.map(pluginFiles))).flat();
  const loaded = await Promise.all(files.map(load));
  const wrong = [...loaded.flatMap(({ faults }) => faults), ...sameNames(loaded)];
  if (wrong.length > 0) throw new Error(`plugins are not acceptable:\n  ${wrong.join("\n  ")}`);
  // Checked just above, which the compiler cannot see through `unknown`.
  const ofKind = (kind: PluginFile["kind"]) =>
    loaded.filter((plugin) => plugin.kind === kind).map(({ value }) => value);
  return {
    ...pluginsOf({ workflows: ofKind("workflows") as Workflow[], hostActions: ofKind("host-actions") as HostAction[] }),
    found: loaded.map(({ name, file }) => ({ name, file })),
  };
}

const kinds = ["workflows", "host-actions"] as const;

/** Folders beside the plugins that are none: what several of them share, and packages. */
const noPlugins: ReadonlySet<string> = new Set(["shared", "node_modules"]);

interface PluginFile {
  readonly kind: (typeof kinds)[number];
  readonly file: string;
}

interface LoadedFile extends PluginFile {
  readonly name: string;
  readonly value: unknown;
  /** Sentences that name file and field. */
  readonly faults: readonly string[];
}

async function pluginFiles(folder: string): Promise<readonly PluginFile[]> {
  const perKind = await Promise.all(kinds.map((kind) => pluginFilesOf(resolve(folder), kind)));
  if (perKind.every((files) => files === null))
    throw new Error(`no plugins: ${resolve(folder)} has neither a folder "workflows" nor one "host-actions"`);
  return perKind.flatMap((files) => files ?? []);
}

/** Null when there is no folder for this kind. */
async function pluginFilesOf(folder: string, kind: PluginFile["kind"]): Promise<readonly PluginFile[] | null> {
  const entries = await readdir(join(folder, kind), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (entries === null) return null;
  // A link to a folder is how a plugin is switched on without being copied.
  const names = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name);
  const plugins = names.filter((name) => !name.startsWith(".") && !noPlugins.has(name)).toSorted();
  return Promise.all(plugins.map(async (name) => ({ kind, file: await indexOf(join(folder, kind, name)) })));
}

async function indexOf(folder: string): Promise<string> {
  const index = (await readdir(folder)).find((name) => /^index\.m?[jt]s$/.test(name));
  if (index === undefined) throw new Error(`no plugin: ${folder} has no index.ts, index.mts, index.js or index.mjs`);
  return join(folder, index);
}

async function load({ kind, file }: PluginFile): Promise<LoadedFile> {
  const fault = (message: string): LoadedFile => ({
    kind,
    file,
    name: file,
    value: null,
    faults: [`${file}: ${message}`],
  });
  let value: unknown;
  try {
    value = ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
  } catch (error) {
    return fault(`cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== "object" || value === null) return fault("has no default export that is a plugin");
  const faults = kind === "workflows" ? workflowFaults(value) : hostActionFaults(value);
  const { name } = value as { name?: unknown };
  return {
    kind,
    file,
    name: String(name),
    value,
    faults: faults.map(({ field, message }) => `${file}: ${field === "" ? "" : `${field}: `}${message}`),
  };
}

function sameNames(loaded: readonly LoadedFile[]): readonly string[] {
  return loaded.flatMap(({ kind, name, file }, index) => {
    const first = loaded.findIndex((other) => other.kind === kind && other.name === name);
    return first === index ? [] : [`${file}: name: "${name}" is taken by ${loaded[first]?.file}`];
  });
}

const ownPackage = fileURLToPath(new URL("../../", import.meta.url));
const shared = new Set<string>();

/**
 * Lets plugins outside this package import `#sdk` too, without a package.json of their own: Node.js resolves such a
 * name by the nearest package.json, so for these folders this package answers.
 */
function shareSdkWith(folders: readonly string[]): void {
  const strangers = folders.map((folder) => resolve(folder)).filter((folder) => !`${folder}/`.startsWith(ownPackage));
  const added = strangers.filter((folder) => !shared.has(folder));
  if (added.length === 0) return;
  for (const folder of added) shared.add(folder);
  register("./plugin-imports.mjs", import.meta.url, {
    data: {
      folders: added.map((folder) => `${pathToFileURL(folder).href}/`),
      modules: {
        "#sdk": new URL("../sdk/index.ts", import.meta.url).href,
        "#sdk/testing": new URL("../sdk/testing/index.ts", import.meta.url).href,
      },
    },
  });
}

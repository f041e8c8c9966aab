/** The registered workflows and host actions. */
import type { HostAction } from "../domain/host-action.ts";
import type { PluginName } from "../domain/ids.ts";
import type { Workflow } from "../domain/workflow.ts";

export interface Plugins {
  workflow(name: PluginName): Workflow | undefined;
  hostAction(name: PluginName): HostAction | undefined;
  names(): { readonly workflows: readonly string[]; readonly hostActions: readonly string[] };
}

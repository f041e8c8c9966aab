import type { Command } from "commander";
import { policySample } from "../access/policy-sample.ts";
import type { Terminal } from "./terminal.ts";

/** Asks nobody: the rules that Fenix brings along are in this program. */
export function addPolicyCommands(program: Command, terminal: Terminal): void {
  const policy = program.command("policy").description("who may ask what of Fenix").helpCommand(false);
  policy
    .command("sample")
    .description("print a policy file with every rule and its default, for FENIX_POLICY_FILE")
    .action(() => terminal.write(policySample()));
}

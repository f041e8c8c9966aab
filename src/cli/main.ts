/** The command `fenix`: reads what was typed, asks the HTTP API, writes tables for people and JSON for programs. */
import { Command, CommanderError } from "commander";
import { addCatalogCommands } from "./catalog-commands.ts";
import { type ClientConfig, readClientConfig } from "../config.ts";
import { exitCodes, Refused, Unreachable, Usage } from "./endings.ts";
import { fenixApi, type FenixApi } from "./fenix-api.ts";
import { loginWith } from "./login.ts";
import { addManagerCommands } from "./manager-commands.ts";
import { addPolicyCommands } from "./policy-commands.ts";
import { addSessionCommands } from "./session-commands.ts";
import { addPlanCommands } from "./plan-command.ts";
import { realTerminal, type Terminal } from "./terminal.ts";
import { addVerifyCommand } from "./verify-command.ts";
import { addWebhookCommands } from "./webhook-commands.ts";

export interface Surroundings {
  readonly terminal?: Terminal;
  readonly env?: NodeJS.ProcessEnv;
  /** Becomes the API or a worker. */
  readonly serve?: (mode: "api" | "worker") => Promise<void>;
}

/** What a command's action gets, besides what was typed for it. */
export interface Call {
  readonly api: FenixApi;
  /** Where Fenix is, and whose credentials there are. */
  readonly client: ClientConfig;
  readonly terminal: Terminal;
  /** Prints the answer as it came where `--json` asks for it, and in words otherwise. */
  readonly answer: (answer: unknown, inWords: () => string) => void;
  readonly json: boolean;
}

/** Adds to a command what every one has: where Fenix is, JSON, and how its action is called. */
export type Calling = <Options extends object>(
  command: Command,
  action: (call: Call, args: readonly string[], options: Options) => Promise<void>,
) => Command;

/** Runs the command and tells its exit code: 0 well, 1 refused or failed, 2 typed wrongly, 3 Fenix unreachable. */
export async function run(argv: readonly string[], surroundings: Surroundings = {}): Promise<number> {
  const { terminal = realTerminal } = surroundings;
  try {
    await commands({ ...surroundings, terminal }).parseAsync(argv, { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    // commander has written its own words; asking for help or the version is no mistake.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (!(error instanceof Refused || error instanceof Usage || error instanceof Unreachable)) throw error;
    terminal.complain(`fenix: ${error.message}`);
    return error.exitCode;
  }
}

function commands({ terminal, env = process.env, serve }: Surroundings & { readonly terminal: Terminal }): Command {
  const program = new Command("fenix")
    .description("maintains the hosts of a cloud while the applications on them keep running")
    .exitOverride()
    .configureOutput({ writeOut: terminal.write, writeErr: (text) => terminal.complain(text.trimEnd()) })
    .addHelpText("after", "\nExit codes: 0 well, 1 refused or failed, 2 typed wrongly, 3 Fenix unreachable.");

  const calling: Calling = (command, action) =>
    command
      .option("--url <url>", "where Fenix answers (default: FENIX_URL, or http://127.0.0.1:12347)")
      .option("--json", "print JSON, for programs")
      .action(async () => {
        const options = command.opts();
        const json = options["json"] === true;
        const answer = (answer: unknown, inWords: () => string) =>
          terminal.write(json ? `${JSON.stringify(answer, null, 2)}\n` : inWords());
        const client = clientConfig(options["url"], env);
        const call = { api: fenixApi(client.url, loginWith(client)), client, terminal, json, answer };
        await action(call, command.processedArgs.flat().filter(isText), options as Parameters<typeof action>[2]);
      });

  addSessionCommands(program, calling);
  addPlanCommands(program, calling);
  addVerifyCommand(program, calling);
  addWebhookCommands(program, calling);
  addCatalogCommands(program, calling);
  addPolicyCommands(program, terminal);
  addManagerCommands(program, terminal);
  for (const mode of ["api", "worker"] as const)
    program
      .command(mode)
      .description(mode === "api" ? "run the HTTP API" : "run a worker; any number may run")
      .action(async () => serve?.(mode));
  return program;
}

function clientConfig(typed: unknown, env: NodeJS.ProcessEnv): ClientConfig {
  try {
    return readClientConfig(typeof typed === "string" ? { ...env, FENIX_URL: typed } : env);
  } catch (error) {
    throw new Usage(error instanceof Error ? error.message : String(error));
  }
}

const isText = (value: unknown): value is string => typeof value === "string";

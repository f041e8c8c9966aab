/** Runs a program on the worker's machine, or on the host over ssh. See README.md for examples. */
import {
  type ActionContext,
  defineHostAction,
  everyPhase,
  type Program,
  reveal,
  runProgram,
  withinSeconds,
} from "#sdk";
import { type Command, Metadata } from "./metadata.ts";

export default defineHostAction({
  name: "command",
  phases: everyPhase,
  metadata: Metadata,
  rerun: (metadata) => metadata.rerun ?? (metadata.check === undefined ? "at-most-once" : "detectable"),
  timeoutSeconds: ({ timeout_seconds: seconds }) => seconds,

  async run(context) {
    const { metadata } = context;
    const { exitCode, lastLines } = await execute(metadata.command, context, context.signal);
    if (metadata.exit_codes.includes(exitCode)) return;
    throw new Error(`${meaning(exitCode, metadata.where)}${lastLines === "" ? "" : `:\n${lastLines}`}`);
  },

  async isDone(context) {
    const { check, check_seconds: seconds, where } = context.metadata;
    if (check === undefined) throw new Error('metadata has no "check" that could tell whether it is done');
    const { exitCode } = await withinSeconds(seconds, context.signal, (signal) => execute(check, context, signal));
    if (exitCode > 1) throw new Error(`check: ${meaning(exitCode, where)}; only 0 (done) and 1 (not done) are answers`);
    return exitCode === 0;
  },
});

/** The host's name and whatever else is not ours goes into the environment, never into a command line. */
async function execute(command: Command, context: ActionContext<Metadata>, signal: AbortSignal) {
  const { host, metadata, log } = context;
  const { ssh, env, grace_seconds: graceSeconds } = metadata;
  const { values, hide } = await reveal(env);
  const program: Program = {
    command: typeof command === "string" ? ["/bin/sh", "-c", command] : command,
    environment: { ...values, ...aboutThisRun(context) },
    graceSeconds,
    ...(ssh && { over: { ...ssh, host: ssh.host.replaceAll("{host}", host), identityFile: ssh.identity_file } }),
  };
  const ended = await runProgram(program, { log: (text) => log(hide(text)), signal });
  return { ...ended, lastLines: hide(ended.lastLines) };
}

const aboutThisRun = (context: ActionContext<Metadata>): Readonly<Record<string, string>> => ({
  FENIX_SESSION: context.session,
  FENIX_HOST: context.host,
  FENIX_PHASE: context.phase,
  FENIX_ACTION_KEY: context.key,
  FENIX_ATTEMPT: String(context.attempt),
  FENIX_METADATA: JSON.stringify(context.metadata),
  FENIX_SESSION_METADATA: JSON.stringify(context.sessionMetadata),
});

/** Exit codes that sh and ssh give a meaning of their own. */
function meaning(exitCode: number, where: Metadata["where"]): string {
  if (exitCode === 255 && where === "ssh") return "ssh could not reach the host, or lost it (exit code 255)";
  if (exitCode === 127) return "there is no such program (exit code 127)";
  if (exitCode === 126) return "the program cannot be executed (exit code 126)";
  return `exit code ${exitCode}`;
}

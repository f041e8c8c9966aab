/**
 * Runs a program for a host action, on this machine or over ssh, and sees to it that it never outlives the action.
 *
 * A small supervisor in sh stands between: it starts the program and reads its own standard input, which we hold open
 * and never write to. When that ends, because we closed it, this process was killed or the connection broke, the
 * supervisor stops the program with everything it started: SIGTERM, and SIGKILL a little later. So the same happens at
 * a time-out, after `kill -9` of the worker, and on a far host, where a signal to ssh would not arrive.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { plainEnvironment } from "./environment.ts";
import { type SshAccess, sshCommand } from "./ssh.ts";

export interface Program {
  /** The program and its arguments. No shell looks at them. */
  readonly command: readonly string[];
  /** Set in addition to PATH, HOME and the like; nothing else of ours is inherited. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where to run it: on this machine when left out. */
  readonly over?: SshAccess;
  /** From SIGTERM to SIGKILL. */
  readonly graceSeconds?: number;
}

export interface Ended {
  /** 128 + n when it died of signal n, as shells count. */
  readonly exitCode: number;
  /** The end of its output, for an error message. */
  readonly lastLines: string;
}

/** Time for a program to tidy up: a package manager needs some seconds to let go of its lock. */
const GRACE_SECONDS = 10;

/** For the supervisor to do its work; past it everything on this side is killed. */
const SUPERVISOR_SECONDS = 5;

/** Runs to the end. Throws when it cannot be started or the signal aborts; a non-zero exit is an answer. */
export async function runProgram(
  program: Program,
  { log, signal }: { readonly log: (text: string) => void; readonly signal: AbortSignal },
): Promise<Ended> {
  signal.throwIfAborted();
  const grace = program.graceSeconds ?? GRACE_SECONDS;
  const child = start(program, grace);
  let last = "";
  const keep = (line: string) => {
    last = (last + line).slice(-LAST_CHARACTERS);
    log(line);
  };
  const outputs = [child.stdout as Readable, child.stderr as Readable];
  const read = Promise.all(outputs.map((output) => readLines(output, keep)));
  const stop = () => stopProgram(child, grace);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const exitCode = await exited(child);
    await outputRead(read, outputs);
    if (signal.aborted) throw new Error(`stopped: ${reasonOf(signal)}`);
    return { exitCode, lastLines: last.trimEnd().split("\n").slice(-LAST_LINES).join("\n") };
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** As much as fits into an error message that a person reads. */
const LAST_LINES = 5;
const LAST_CHARACTERS = 2_000;

function start({ command, environment = {}, over }: Program, grace: number): ChildProcess {
  const [file, ...args] = over
    ? sshCommand(over)
    : (["/bin/sh", "-c", supervisor(grace), "fenix", ...command] as const);
  // In a process group of its own, so that all of it can be stopped together.
  const child = spawn(file, args, {
    detached: true,
    env: { ...plainEnvironment(), ...(over ? {} : environment) },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin?.on("error", () => undefined); // It ended before it read everything; its exit code tells more.
  // Over standard input, since arguments can be seen by everybody on the host and ssh hands no environment on.
  if (over) child.stdin?.write(farScript(command, environment, grace));
  return child;
}

/** POSIX sh. `$$` is the leader of the process group, here and under sshd. */
const supervisor = (grace: number): string => `{
  exec 3<&0
  stopping=
  trap 'stopping=1' TERM
  ( exec "$@" ) </dev/null 3<&- &
  child=$!
  (
    trap '' TERM
    while read -r line <&3; do :; done
    kill -s TERM -- -$$ || kill -s TERM $child
    sleep ${grace}
    kill -s KILL -- -$$ || kill -s KILL $child
  ) </dev/null >/dev/null 2>&1 &
  watcher=$!
  wait $child
  code=$?
  while [ -n "$stopping" ] && kill -0 $child 2>/dev/null; do wait $child; done
  [ -n "$stopping" ] && kill -s KILL -- -$$
  kill -s KILL $watcher
  exit $code
}
`;

function farScript(command: readonly string[], environment: Readonly<Record<string, string>>, grace: number): string {
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(value)}\n`);
  return `${exports.join("")}set -- ${command.map(quoted).join(" ")}\n${supervisor(grace)}`;
}

/** In single quotes nothing has a meaning to sh but the quote itself. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function stopProgram(child: ChildProcess, grace: number): void {
  child.stdin?.destroy();
  const late = setTimeout(() => killGroup(child), (grace + SUPERVISOR_SECONDS) * 1_000);
  child.once("exit", () => clearTimeout(late));
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // It ended just now.
  }
}

async function exited(child: ChildProcess): Promise<number> {
  // `once` throws what the child emits as "error": it could not be started.
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + signalNumber(signal);
}

const signalNumber = (signal: NodeJS.Signals | null): number => (signal === null ? 0 : constants.signals[signal]);

/** A daemon that the program left behind may hold its output open for ever. */
const OUTPUT_AFTER_EXIT_MS = 2_000;

async function outputRead(read: Promise<unknown>, outputs: readonly Readable[]): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const tooLong = new Promise((resolve) => (late = setTimeout(resolve, OUTPUT_AFTER_EXIT_MS)));
  await Promise.race([read, tooLong]);
  clearTimeout(late);
  for (const output of outputs) output.destroy();
}

/** A longer line is told in pieces. */
const LINE_MAX = 64 * 1024;

/**
 * Whole lines, so that both outputs do not mix within one and a secret is not cut in two. Resolves when the last one,
 * which may have no end, was told: `closed` is true before that, and waiting by it lost the last line now and then.
 */
function readLines(output: Readable, take: (line: string) => void): Promise<void> {
  let rest = "";
  const pass = (length: number) => {
    if (length > 0) take(rest.slice(0, length));
    rest = rest.slice(length);
  };
  output.setEncoding("utf8");
  output.on("data", (text: string) => {
    rest += text;
    pass(rest.lastIndexOf("\n") + 1 || (rest.length > LINE_MAX ? rest.length : 0));
  });
  return new Promise((resolve) =>
    output.once("close", () => {
      pass(rest.length);
      resolve();
    }),
  );
}

function reasonOf({ reason }: AbortSignal): string {
  if (!(reason instanceof Error)) return String(reason);
  return reason.name === "TimeoutError" ? "the time was over" : reason.message;
}

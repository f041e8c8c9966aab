/** Starts a server program that must never outlive Fenix, whatever happens to Fenix. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { endsWithin } from "../ends-within.ts";

export interface GuardedChild {
  readonly running: boolean;
  /** Null while it runs, and when a signal ended it. */
  readonly exitCode: number | null;
  /** What the program printed since it was started; the end of it, as that tells what went wrong. */
  output(): string;
  /** Asks politely, then insists. Returns once the program has ended, also when it had ended before. */
  stop(): Promise<void>;
}

export interface ChildProgram {
  readonly command: readonly string[];
  readonly cwd: string;
  /** Its output is kept here, so that it can be read after both programs are gone. */
  readonly logFile: string;
  /** The signal for a clean end, and the one for a program that does not answer the first. */
  readonly signals: { readonly polite: NodeJS.Signals; readonly firm: NodeJS.Signals };
}

// A clean end writes what is in memory to disk: seconds on a slow disk, never minutes for a local server.
const POLITE_MS = 20_000;
const FIRM_MS = 5_000;

export function startGuarded({ command, cwd, logFile, signals }: ChildProgram): GuardedChild {
  const [program, ...args] = command;
  if (program === undefined) throw new Error("a program to start has no name");

  const log = openSync(logFile, "a");
  const logStart = statSync(logFile).size;
  // Detached: Ctrl-C in a terminal reaches Fenix alone, which then stops its servers last.
  const child = spawn(program, args, { cwd, detached: true, stdio: ["ignore", log, log] });
  closeSync(log);

  let spawnError: Error | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", (error) => {
      spawnError = error;
      resolve();
    });
  });

  return {
    get running() {
      return spawnError === undefined && isRunning(child);
    },
    get exitCode() {
      return child.exitCode;
    },
    output() {
      const printed = readFileSync(logFile).subarray(logStart).toString().slice(-4_000).trim();
      return spawnError ? `${spawnError.message}\n${printed}` : printed;
    },
    async stop() {
      if (isRunning(child)) child.kill(signals.polite);
      if (await endsWithin(POLITE_MS, ended)) return;
      child.kill(signals.firm);
      await endsWithin(FIRM_MS, ended);
    },
  };
}

/**
 * The kernel sends `signal` to the program when the process that started it dies, even by `kill -9`.
 * Linux only; elsewhere a killed Fenix leaves its server running, and the next start attaches to it.
 */
export function endsWithParent(signal: "INT" | "TERM"): readonly string[] {
  return process.platform === "linux" ? ["setpriv", "--pdeathsig", signal] : [];
}

const isRunning = (child: ChildProcess) =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null;

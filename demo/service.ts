/** Fenix's API or a worker as a process of its own, as an operator runs them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface Service {
  readonly pid: number;
  /** Rejects when the process ends though nobody stopped it. */
  readonly broken: Promise<never>;
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly mode: "api" | "worker";
  /** All that it finds of Fenix's and OpenStack's variables: what the user has set is for another Fenix. */
  readonly settings: Readonly<Record<string, string>>;
  readonly log: string;
  /** For node itself, before the program: a profiler for example. */
  readonly nodeOptions?: readonly string[];
  /** Resolves to true once it can be used; may throw until then. Left out: it is waited for no further. */
  readonly isUp?: () => Promise<boolean>;
}

const ROOT = join(import.meta.dirname, "..");
/** Compiling, migrating and listening takes two seconds; a busy machine may take much longer. */
const UP_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 10_000;

export async function startService({ mode, settings, log, nodeOptions = [], isUp }: ServiceOptions): Promise<Service> {
  const output = openSync(log, "w");
  const child = spawn(process.execPath, [...nodeOptions, "--import", "tsx", "src/main.ts", mode], {
    cwd: ROOT,
    env: { ...withoutSettings(process.env), ...settings },
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  const ended = once(child, "exit");
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  let stopping = false;
  const broken = ended.then(async () => {
    if (stopping) return new Promise<never>(() => {});
    throw new Error(`the ${mode} ended by itself; it said:\n${lastWords(log)}`);
  });
  broken.catch(() => {}); // It may come when nobody listens any more.
  const stop = async (): Promise<void> => {
    stopping = true;
    if (hasEnded()) return;
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
    await ended;
    clearTimeout(late);
  };
  try {
    if (isUp) await untilUp(isUp, hasEnded);
  } catch (error) {
    await stop();
    throw new Error(`the ${mode} does not come up; it said:\n${lastWords(log)}`, { cause: error });
  }
  return { pid: child.pid ?? 0, broken, stop };
}

async function untilUp(isUp: () => Promise<boolean>, hasEnded: () => boolean): Promise<void> {
  const deadline = Date.now() + UP_WITHIN_MS;
  while (!(await isUp().catch(() => false))) {
    if (hasEnded()) throw new Error("it ended");
    if (Date.now() > deadline) throw new Error(`not within ${UP_WITHIN_MS / 1_000} s`);
    await sleep(100);
  }
}

const lastWords = (log: string): string => readFileSync(log, "utf8").slice(-2_000);

const withoutSettings = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(FENIX_|OS_|DATABASE_URL|REDIS_URL|QUEUE_BACKEND)/.test(name)),
  );

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

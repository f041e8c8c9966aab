/**
 * A private Redis on a unix socket in the data folder, for `QUEUE_BACKEND=redis-local`.
 *
 * The program has to be installed; npm has none that fits. A Redis that already runs on this machine's
 * standard port is somebody else's and never used unless REDIS_URL says so.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Redis } from "ioredis";
import { endsWithParent, type GuardedChild, startGuarded } from "../local/guarded-child.ts";
import { type Presence, type Say, shareServer } from "../local/shared-server.ts";
import { createSocketFolder, socketFolder } from "../local/socket-folder.ts";

export interface RedisServer {
  /** The socket's path, which clients take in place of a URL. */
  readonly url: string;
  readonly origin: "redis-local" | "attached";
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  readonly dataDir: string;
  /** Whether jobs have to survive a restart of Redis. They need not for Fenix' own sake: Postgres is the truth. */
  readonly durable?: boolean;
  readonly say?: Say;
}

const PROGRAMS = ["redis-server", "valkey-server"];
const SOCKET = "redis.sock";
// flock's answer when another process holds the lock.
const TAKEN = 75;

export async function openLocalRedis({
  dataDir,
  durable = true,
  say = () => {},
}: RedisServerOptions): Promise<RedisServer> {
  const folder = join(resolve(dataDir), "redis");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const socket = join(socketFolder(folder, SOCKET), SOCKET);

  const server = await shareServer(
    {
      name: "the local Redis",
      connect: () => connectPresence(socket),
      start: () => startRedis(folder, socket, durable),
      isTaken: ({ exitCode }) => exitCode === TAKEN,
    },
    say,
  );
  return {
    url: socket,
    get origin() {
      return server.mode === "owning" ? "redis-local" : "attached";
    },
    stop: () => server.stop(),
  };
}

/** Why a local Redis cannot be started here; undefined when it can. */
export function whyNoLocalRedis(): string | undefined {
  if (findProgram() !== undefined) return undefined;
  return `neither ${PROGRAMS.join(" nor ")} is on the PATH. Run "apt-get install -y --no-install-recommends redis-server"`;
}

function findProgram(): string | undefined {
  return PROGRAMS.find((program) => spawnSync(program, ["--version"]).status === 0);
}

function startRedis(folder: string, socket: string, durable: boolean): GuardedChild {
  const program = findProgram();
  if (program === undefined) throw new Error(`QUEUE_BACKEND=redis-local: ${whyNoLocalRedis() ?? ""}`);
  createSocketFolder(dirname(socket), { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 });
  const settings = {
    port: "0",
    unixsocket: socket,
    unixsocketperm: "700",
    dir: folder,
    appendonly: durable ? "yes" : "no",
    appendfsync: "everysec",
    save: "",
    // Any other policy lets Redis drop jobs when memory runs out.
    "maxmemory-policy": "noeviction",
    daemonize: "no",
  };
  return startGuarded({
    command: [
      ...oneAtATime(join(folder, "lock")),
      ...endsWithParent("TERM"),
      program,
      ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    ],
    cwd: folder,
    logFile: `${folder}.log`,
    signals: { polite: "SIGTERM", firm: "SIGKILL" },
  });
}

/** A second Redis would take the socket away from the first one and write into the same files. */
function oneAtATime(lock: string): readonly string[] {
  if (process.platform !== "linux") return [];
  return ["flock", "--no-fork", "--nonblock", `--conflict-exit-code=${TAKEN}`, lock];
}

async function connectPresence(path: string): Promise<Presence> {
  const client = new Redis({ path, lazyConnect: true, retryStrategy: () => null, connectTimeout: 5_000 });
  const gone = new Promise<void>((resolve) => client.once("end", () => resolve()));
  client.on("error", () => {}); // "end" follows and says it all.
  await client.connect();
  return {
    gone,
    close: async () => {
      client.disconnect();
      await gone;
    },
  };
}

/** Starts Fenix: API and worker in one process, or `api` or `worker` alone. */
import { pino } from "pino";
import { readConfig } from "./config.ts";
import { startFenix, type Parts } from "./wiring.ts";

const modes: Readonly<Record<string, Parts>> = {
  all: { api: true, worker: true },
  api: { api: true, worker: false },
  worker: { api: false, worker: true },
};

/** An orderly stop takes a few seconds at most; what hangs longer is cut off, which loses nothing (see ARCHITECTURE.md). */
const STOP_WITHIN_MS = 20_000;

async function main(): Promise<void> {
  const mode = process.argv[2] ?? "all";
  const parts = modes[mode];
  if (!parts) return giveUp(`there is no mode "${mode}": it is one of ${Object.keys(modes).join(", ")}`, 2);
  const config = readConfig();
  const log = pino({ level: config.logLevel, serializers: { error: pino.stdSerializers.err } });
  const fenix = await startFenix(config, parts, log);
  if (fenix.url !== null) {
    log.info({ url: fenix.url, publicUrl: config.publicUrl, docs: `${fenix.url}/docs` }, "Fenix answers");
    if (config.auth === "none")
      log.warn({ host: config.host }, "FENIX_AUTH=none: whoever reaches this address may do everything");
  }
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, "stopping");
    setTimeout(() => giveUp("did not stop in time", 1), STOP_WITHIN_MS).unref();
    fenix.stop().then(
      () => process.exit(0),
      (error: unknown) => giveUp(messageOf(error), 1),
    );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function giveUp(message: string, code: number): never {
  process.stderr.write(`fenix: ${message}\n`);
  process.exit(code);
}

await main().catch((error: unknown) => giveUp(messageOf(error), 1));

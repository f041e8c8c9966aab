/**
 * "npm run demo": one maintenance session over a simulated cloud that is in use, from POST to MAINTENANCE_DONE.
 *
 *   --keep   leaves everything running, until Ctrl-C
 *   --full   a cloud so full that its projects have to scale in first
 *
 * Nothing outside this process decides whether the demo went well: hosts and instances are judged by what really
 * happened to them in the simulated cloud, not by what Fenix says about it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Refused } from "../src/cli/endings.ts";
import { fenixApi, wholeTimeline } from "../src/cli/fenix-api.ts";
import { realTerminal, type Terminal } from "../src/cli/terminal.ts";
import { timelineLine, withNames } from "../src/cli/timeline-words.ts";
import { watch } from "../src/cli/watch.ts";
import { wireTime } from "../src/cli/when.ts";
import { judge } from "./judge.ts";
import { startStage, type Stage } from "./stage.ts";
import { summary } from "./summary.ts";

const { values: options } = parseArgs({
  options: { keep: { type: "boolean", default: false }, full: { type: "boolean", default: false } },
});

/** What is worth reading afterwards: the logs and the timeline of the last demo. */
const RECORDS = join(import.meta.dirname, "../.data/demo");
/** The projects are asked at once; hosts are touched after this. */
const NOTICE_MS = 3_000;

const say = (line = ""): void => void process.stdout.write(`${line}\n`);

/** Ctrl-C ends whatever is going on; everything that was started is stopped in any case. */
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => reject(new Interrupted()));
});
interrupted.catch(() => {}); // It may come when nobody waits for it any more.
class Interrupted extends Error {}

/** Set when whoever watches is not to hear how everything stops. */
let muted = false;

const watching: Terminal = {
  ...realTerminal,
  write: (text) => void (muted || realTerminal.write(text)),
  complain: (line) => void (muted || realTerminal.complain(line)),
};

// Not left to the event loop: after Ctrl-C somebody still watches a session that nobody serves any more.
process.exit(await demo());

async function demo(): Promise<number> {
  mkdirSync(RECORDS, { recursive: true });
  say("One maintenance session over a simulated OpenStack cloud, from POST to MAINTENANCE_DONE.");
  say("It uses free ports and a temporary folder, and leaves nothing running; Ctrl-C stops it.\n");
  const stage = startStage({ scenario: options.full ? "full" : "demo", records: RECORDS, say });
  try {
    const started = await Promise.race([stage.ready, interrupted]);
    const ok = await Promise.race([play(started), started.broken, interrupted]);
    if (options.keep) {
      say("\nEverything keeps running; Ctrl-C stops it.");
      await Promise.race([started.broken, interrupted]);
    }
    return ok ? 0 : 1;
  } catch (error) {
    if (error instanceof Interrupted) {
      muted = true;
      say("\nstopping");
      return options.keep ? 0 : 130;
    }
    say(`\nThe demo broke: ${error instanceof Error ? error.message : String(error)}`);
    say(`What the API and the worker logged is in ${RECORDS}`);
    return 1;
  } finally {
    await stage.stop();
  }
}

/** Tells whether all went well. */
async function play(stage: Stage): Promise<boolean> {
  const api = fenixApi(stage.fenixUrl, stage.login);
  const before = stage.simulator.cloud.log.last;
  const started = Date.now();
  const { session_id: id } = await api.createSession({
    state: "MAINTENANCE",
    maintenance_at: wireTime(new Date(Date.now() + NOTICE_MS)),
    workflow: "default",
    metadata: { reason: "demo" },
    options: { moves_at_once: 8 },
    actions: [
      { plugin: "dummy", type: "pre" },
      { plugin: "http", type: "host", metadata: { url: stage.desk.workUrl } },
      { plugin: "dummy", type: "post" },
    ],
  });
  say(`\nsession ${id} over all hosts of the cloud\n`);
  const failure = await watch(id, { api, terminal: watching, json: false, projects: stage.projects }).then(
    () => null,
    (error: unknown) => {
      if (error instanceof Refused) return error.message;
      throw error;
    },
  );
  const seconds = (Date.now() - started) / 1_000;
  const verdict = judge({ cloud: stage.simulator.cloud, before, works: stage.desk.works });
  say(`\n${summary({ failure, seconds, verdict, stage })}`);
  await keepTimeline(id, stage);
  whereToLook(id, stage);
  return failure === null && verdict.violations.length === 0;
}

async function keepTimeline(id: string, { fenixUrl, login, projects }: Stage): Promise<void> {
  const api = fenixApi(fenixUrl, login);
  const [detail, entries] = [await api.session(id), await wholeTimeline(api, id)];
  const named = withNames(detail, projects);
  writeFileSync(join(RECORDS, "timeline.txt"), entries.map((entry) => `${timelineLine(entry, named)}\n`).join(""));
}

function whereToLook(id: string, { fenixUrl, simulator }: Stage): void {
  say(`\nThe whole timeline and the logs are in ${RECORDS}`);
  if (!options.keep) return say('Look around in a running Fenix with "npm run demo -- --keep".');
  say(`  API        ${fenixUrl}/docs`);
  say(`  cloud      ${simulator.url}/simulator/`);
  const { OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME } = simulator.env;
  say(`  command    export FENIX_URL=${fenixUrl} OS_AUTH_URL=${OS_AUTH_URL}`);
  say(`             export OS_USERNAME=${OS_USERNAME} OS_PASSWORD=${OS_PASSWORD} OS_PROJECT_NAME=${OS_PROJECT_NAME}`);
  say(`             node bin/fenix.mjs session show ${id}`);
  say(`             node bin/fenix.mjs session timeline ${id}`);
}

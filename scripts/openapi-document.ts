/** The text of openapi.yaml, made from the routes themselves. Nothing is served for it. */
import { readFile } from "node:fs/promises";
import { pino } from "pino";
import { stringify } from "yaml";
import { makePolicy } from "../src/access/policy.ts";
import { buildHttp } from "../src/http/build-http.ts";

const HEADER = '# The HTTP API of Fenix. Generated from src/wire and src/http by "npm run openapi"; do not edit.\n';

export async function describeForFile(): Promise<string> {
  const manifest: { version: string } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  const app = buildHttp({
    access: { identity: null, policy: makePolicy({}), replyTokens: null },
    commands: {
      createSession: unasked,
      recordReply: unasked,
      continueSession: unasked,
      deleteSession: unasked,
      takeSnapshot: unasked,
      planMaintenance: unasked,
    },
    reports: {
      list: unasked,
      summary: unasked,
      detail: unasked,
      timeline: unasked,
      notifications: unasked,
      project: unasked,
      ofProject: unasked,
    },
    news: { after: unasked, newest: unasked, listen: unasked },
    polling: { since: unasked, declare: unasked, takeBack: unasked },
    webhooks: { add: unasked, list: unasked, switchOn: unasked, changeSecret: unasked, remove: unasked },
    receivers: { whyRefused: unasked },
    constraints: {
      instances: { declare: unasked, takeOver: unasked, find: unasked, list: unasked, remove: unasked },
      groups: { declare: unasked, takeOver: unasked, find: unasked, list: unasked, remove: unasked },
    },
    ownership: { instance: unasked, group: unasked },
    health: {},
    clock: { now: unasked, sleep: unasked },
    newId: unasked,
    newSecret: unasked,
    // What an installation has unless it is told otherwise.
    publicUrl: "http://127.0.0.1:12347",
    defaults: { replySeconds: 40, scaleInReplySeconds: 60 },
    version: manifest.version,
    logger: pino({ level: "silent" }),
  });
  await app.ready();
  // Older readers of YAML would take an example such as 2026-11-25 08:30:00 for a time and not for text.
  const text = HEADER + stringify(app.swagger(), { lineWidth: 120, aliasDuplicateObjects: false, compat: "yaml-1.1" });
  await app.close();
  return text;
}

function unasked(): never {
  throw new Error("the API is only described here");
}

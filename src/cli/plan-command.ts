import type { Command } from "commander";
import { check } from "../planner/check/check.ts";
import { readSnapshot } from "../planner/format/read.ts";
import type { CloudSnapshot } from "../planner/format/snapshot.ts";
import { Refused, Unreachable } from "./endings.ts";
import type { FenixApi } from "./fenix-api.ts";
import type { Calling } from "./main.ts";
import { often } from "./often.ts";
import { planIn, snapshotIn } from "./plan-files.ts";
import { planInWords } from "./plan-words.ts";

interface SnapshotOptions {
  readonly hosts?: string;
  readonly host?: readonly string[];
}

export function addPlanCommands(program: Command, calling: Calling): void {
  calling<SnapshotOptions>(
    program
      .command("snapshot")
      .description("print the live cloud as a cloud snapshot (JSON), to plan with it offline")
      .option("--hosts <names>", "hosts to maintain, separated by commas; none named means every enabled compute")
      .option("--host <name>", "one host; may be given often", often),
    async ({ api, terminal }, _, options) => {
      const snapshot = await liveSnapshot(api);
      const hosts = [...(options.host ?? []), ...(options.hosts?.split(",") ?? [])];
      refuseUnknown(snapshot, hosts);
      terminal.write(`${JSON.stringify({ ...snapshot, session: { ...snapshot.session, hosts } }, null, 2)}\n`);
    },
  );

  calling<{ readonly cloud: string; readonly all?: true }>(
    program
      .command("check <plan>")
      .description("check a plan (a file) by every rule; exit code 1 when it breaks one")
      .requiredOption("--cloud <file>", "the cloud snapshot that it was made for, - for the standard input")
      .option("--all", "show every row of long tables"),
    async ({ terminal, answer }, [path = ""], { cloud, all = false }) => {
      const snapshot = await snapshotIn(cloud, terminal);
      const plan = await planIn(path, terminal);
      const checked = check(snapshot, plan);
      answer(checked, () => planInWords(snapshot, plan, { checked, all, now: terminal.now() }));
      if (checked.violations.length > 0) throw new Refused(`${checked.violations.length} violations`);
    },
  );
}

async function liveSnapshot(api: FenixApi): Promise<CloudSnapshot> {
  const read = readSnapshot(await api.cloud());
  if (read.kind === "invalid") throw new Unreachable("Fenix answers, but not with a cloud snapshot");
  return read.value;
}

function refuseUnknown({ hosts }: CloudSnapshot, named: readonly string[]): void {
  const known = new Set(hosts.map(({ host }) => host));
  const unknown = named.filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Refused(`the cloud has no host ${unknown.join(", ")}`);
}

import type { Command } from "commander";
import { check } from "../planner/check/check.ts";
import type { Plan } from "../planner/format/plan.ts";
import { readPlan, readSnapshot } from "../planner/format/read.ts";
import type { CloudSnapshot } from "../planner/format/snapshot.ts";
import { plan } from "../planner/parallel/plan.ts";
import { whatIf } from "../planner/what-if.ts";
import { Refused, Unreachable } from "./endings.ts";
import type { FenixApi } from "./fenix-api.ts";
import type { Calling } from "./main.ts";
import { planIn, snapshotIn } from "./plan-files.ts";
import {
  type HostOptions,
  laidOver,
  namedHosts,
  type PlanOptions,
  planRequest,
  refuseUnknown,
  withHostOptions,
  withPlanOptions,
} from "./plan-options.ts";
import { planInWords, pricesInWords } from "./plan-words.ts";
import type { Terminal } from "./terminal.ts";

type PlanCommandOptions = PlanOptions & { readonly cloud?: string; readonly whatIf?: true; readonly all?: true };

export function addPlanCommands(program: Command, calling: Calling): void {
  calling<HostOptions>(
    withHostOptions(
      program
        .command("snapshot")
        .description("print the live cloud as a cloud snapshot (JSON), to plan with it offline"),
    ),
    async ({ api, terminal }, _, options) => {
      const snapshot = snapshotOf(await api.cloud());
      const hosts = namedHosts(options);
      refuseUnknown(snapshot, hosts);
      terminal.write(`${JSON.stringify({ ...snapshot, session: { ...snapshot.session, hosts } }, null, 2)}\n`);
    },
  );

  calling<PlanCommandOptions>(
    withPlanOptions(
      program
        .command("plan")
        .description(
          "show how a maintenance would go, without beginning it; exit code 1 when some host cannot be planned",
        )
        .option("--cloud <file>", "plan offline with this cloud snapshot, - for the standard input")
        .option("--what-if", "print what more hosts, fewer instances or looser limits would save")
        .option("--all", "show every row of long tables"),
    ),
    async ({ api, terminal, answer }, _, options) => {
      const { cloud, made } = await planned(api, terminal, options);
      if (options.whatIf) {
        const prices = whatIf(cloud, (changed) => (changed === cloud ? made : plan(changed)));
        return answer(prices, () => pricesInWords(prices));
      }
      const checked = check(cloud, made);
      const words = { checked, all: options.all ?? false, now: terminal.now() };
      // Fenix keeps the plans that it made itself.
      const next = options.cloud === undefined && made.hosts.length > 0 ? beginInWords(made) : "";
      answer(made, () => `${planInWords(cloud, made, words)}${next}`);
      if (checked.violations.length > 0) throw new Refused(`the plan breaks ${checked.violations.length} times a rule`);
      if (!made.feasible) throw new Refused(`${made.blocked.length} hosts cannot be planned`);
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
      const given = await planIn(path, terminal);
      const checked = check(snapshot, given);
      answer(checked, () => planInWords(snapshot, given, { checked, all, now: terminal.now() }));
      if (checked.violations.length > 0) throw new Refused(`${checked.violations.length} violations`);
    },
  );
}

const beginInWords = ({ digest }: Plan): string => `\nTo begin by it: fenix session create --plan ${digest} --at now\n`;

/** Offline where a file is given; Fenix plans for the live cloud. */
async function planned(
  api: FenixApi,
  terminal: Terminal,
  options: PlanCommandOptions,
): Promise<{ readonly cloud: CloudSnapshot; readonly made: Plan }> {
  if (options.cloud !== undefined) {
    const cloud = laidOver(await snapshotIn(options.cloud, terminal), options);
    return { cloud, made: plan(cloud) };
  }
  const answer = await api.plan(planRequest(options));
  const made = readPlan(answer.plan);
  if (made.kind === "invalid") throw new Unreachable("Fenix answers, but not with a plan");
  return { cloud: snapshotOf(answer.cloud), made: made.value };
}

function snapshotOf(json: unknown): CloudSnapshot {
  const read = readSnapshot(json);
  if (read.kind === "invalid") throw new Unreachable("Fenix answers, but not with a cloud snapshot");
  return read.value;
}

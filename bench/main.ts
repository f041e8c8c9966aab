/**
 * `npm run bench [-- --hosts 100,1000 --seeds 20]`: plans generated clouds, compares with other ways and with the optimum
 * of tiny ones, has every plan of Fenix checked, and writes `bench/results/planner.md` and `planner.svg`. With `--quick` it
 * prints a smaller table in less than a minute, and leaves the results as they are.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { check } from "../src/planner/check/check.ts";
import type { Objective } from "../src/planner/format/snapshot.ts";
import { plan, tightBoundOf } from "../src/planner/parallel/plan.ts";
import { generateCloud } from "./generator.ts";
import { measureLarge } from "./large.ts";
import { compareTiny } from "./optimum.ts";
import { plot } from "./plot.ts";
import { WAYS } from "./policies.ts";

const { values: wanted } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    hosts: { type: "string" },
    utilisations: { type: "string", default: "0.5,0.7,0.8,0.9" },
    seeds: { type: "string" },
    large: { type: "string" },
    events: { type: "string", default: "42" },
    spread: { type: "string", default: "0.3" },
  },
});
const USUAL = wanted.quick
  ? { hosts: "30,100,300", seeds: "1", large: "0", tiny: 10 }
  : { hosts: "30,100,300,1000", seeds: "5", large: "10000", tiny: 60 };
const options = { ...USUAL, ...wanted };
const numbers = (list: string) => list.split(",").map(Number);
const RESULTS = new URL("./results/", import.meta.url);

interface Point {
  readonly hosts: number;
  readonly utilisation: number;
  readonly instances: number;
  readonly closed: number;
  readonly tight: number;
  readonly moves: Readonly<Record<Objective, number>>;
  /** Hours, in the order of WAYS. */
  readonly hours: readonly number[];
  readonly milliseconds: number;
  readonly violations: number;
  readonly blocked: number;
  /** Seeds in which synchronous waves were done sooner. */
  readonly worse: number;
}

const points = numbers(options.hosts).flatMap((hosts) =>
  numbers(wanted.utilisations).map((utilisation) => {
    tell(`${hosts} hosts, ${utilisation} in use`);
    return measure(hosts, utilisation);
  }),
);
const text = report(points);
console.log(text);
if (!wanted.quick) {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(new URL("planner.md", RESULTS), text);
  const names = WAYS.map(({ name }) => name);
  writeFileSync(new URL("planner.svg", RESULTS), plot(points, names));
}

function measure(hosts: number, utilisation: number): Point {
  const seeds = Array.from({ length: Number(options.seeds) }, (_, index) => index + 1);
  const runs = seeds.map((seed) => {
    const shape = { hosts, utilisation, seed, actionSpread: Number(wanted.spread) };
    const cloud = generateCloud(shape);
    const start = performance.now();
    const made = plan(cloud);
    const milliseconds = performance.now() - start;
    const { best, capacity_time_closed } = made.lower_bound;
    const bound = Math.max(best, capacity_time_closed, tightBoundOf(cloud, made));
    const count = (objective: Objective) => {
      const of = { ...cloud, session: { ...cloud.session, objective } };
      const planned = plan(of);
      return { moves: planned.moves.length / cloud.instances.length, violations: check(of, planned).violations.length };
    };
    const [balanced, fewest] = [count("balanced"), count("moves")];
    return {
      ...{ milliseconds, instances: cloud.instances.length, blocked: made.blocked.length },
      closed: made.ratio_closed ?? 1,
      tight: bound === 0 ? 1 : made.makespan_seconds / bound,
      moves: { makespan: made.moves.length / cloud.instances.length, balanced: balanced.moves, moves: fewest.moves },
      hours: WAYS.map((way) => way.run(cloud).makespan / 3_600),
      violations: check(cloud, made).violations.length + balanced.violations + fewest.violations,
    };
  });
  const middle = (of: (one: (typeof runs)[number]) => number) => quantile(runs.map(of), 0.5);
  return {
    ...{ hosts, utilisation, instances: middle(({ instances }) => instances) },
    closed: middle(({ closed }) => closed),
    tight: middle(({ tight }) => tight),
    moves: {
      makespan: middle(({ moves }) => moves.makespan),
      balanced: middle(({ moves }) => moves.balanced),
      moves: middle(({ moves }) => moves.moves),
    },
    hours: WAYS.map((_, way) => middle(({ hours }) => hours[way]!)),
    milliseconds: quantile(
      runs.map(({ milliseconds }) => milliseconds),
      0.95,
    ),
    violations: runs.reduce((sum, { violations }) => sum + violations, 0),
    blocked: runs.reduce((sum, { blocked }) => sum + blocked, 0),
    worse: runs.filter(({ hours }) => hours[0]! > hours[1]!).length,
  };
}

/** How far it is, beside the results. */
function tell(what: string): void {
  console.error(`${performance.now().toFixed(0).padStart(9)} ms  ${what}`);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1]!;
}

function report(of: readonly Point[]): string {
  const heads = ["hosts", "instances", "used", "ratio_closed", "to tight", "moves: makespan", "balanced", "moves"];
  const head = [...heads, ...WAYS.map(({ name }) => `${name}, h`), "plan p95, ms", "blocked", "violations", "worse"];
  const rows = of.map((point) => [
    ...[point.hosts, point.instances, point.utilisation, point.closed.toFixed(2), point.tight.toFixed(2)],
    ...[point.moves.makespan.toFixed(2), point.moves.balanced.toFixed(2), point.moves.moves.toFixed(3)],
    ...point.hours.map((hours) => hours.toFixed(hours < 100 ? 2 : 0)),
    ...[point.milliseconds.toFixed(0), point.blocked, point.violations, point.worse],
  ]);
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  return [
    "# The planner, measured",
    "",
    `Medians over seeds 1 to ${options.seeds}; Node ${process.version}, ${machine}; memory at the end ` +
      `${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB. Actions of 30 min with a coefficient of variation of ` +
      `${wanted.spread}, groups that allow 20 % impacted, 30 % of them anti-affine. \`worse\` counts seeds in which ` +
      "synchronous waves are done sooner than Fenix; `blocked` hosts and `violations` are summed over the seeds.",
    "",
    ...lines,
    "",
    ...sectionOfLarge(),
    ...sectionOfTiny(),
    "![Hours against hosts in use](planner.svg)",
    "",
  ].join("\n");
}

function sectionOfLarge(): readonly string[] {
  if (Number(options.large) === 0) return [];
  tell(`${options.large} hosts`);
  const large = measureLarge(Number(options.large), 0.8, Number(wanted.events));
  return [
    `## ${large.hosts} hosts, ${large.instances} instances`,
    "",
    `Planned in ${large.planSeconds.toFixed(2)} s of processor time (aim: 2) with a \`ratio_closed\` of ` +
      `${large.ratioClosed.toFixed(2)}, checked in ${large.checkSeconds.toFixed(2)} s (5) with ${large.violations} ` +
      `violations. Mended after one event, over ${large.events} events: median ${large.replanMedian.toFixed(0)} ms, p95 ` +
      `${large.replanP95.toFixed(0)} ms (250); ${(100 * large.elsewhere).toFixed(2)} % of the moves go elsewhere then. ` +
      `Peak memory with snapshot, plan and mended plan: ${large.peakMiB.toFixed(0)} MiB (512).`,
    "",
  ];
}

function sectionOfTiny(): readonly string[] {
  tell("tiny clouds, against the optimum");
  const { clouds, median, p95, worst, within, missed, unsolved } = compareTiny(USUAL.tiny);
  return [
    "## Against the optimum",
    "",
    `${clouds} clouds of 3 to 5 hosts, each with the shortest maintenance that any order of its hosts and any places of its ` +
      "instances give when a host's places are booked as its drain begins: Fenix takes longer by " +
      `${percent(median)} in the median, ${percent(p95)} at p95, ${percent(worst)} at most, and by no more than 10 % in ` +
      `${percent(within)} of them; in ${missed} more it blocks a host although there is a way. ${unsolved} more were too large to ` +
      "be searched to the end.",
    "",
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

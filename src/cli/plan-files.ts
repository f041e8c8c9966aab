/** Snapshots and plans that somebody gives the command as files. */
import { Plan } from "../planner/format/plan.ts";
import { type ReadResult, readPlan, readSnapshot } from "../planner/format/read.ts";
import type { CloudSnapshot } from "../planner/format/snapshot.ts";
import { Refused, Usage } from "./endings.ts";
import type { Terminal } from "./terminal.ts";

/** `-` is the standard input. */
export const snapshotIn = async (path: string, terminal: Terminal): Promise<CloudSnapshot> =>
  valid(readSnapshot(await jsonIn(path, terminal)), path);

/** As it was written, since its digest is over everything that is in it, what this release does not know of too. */
export async function planIn(path: string, terminal: Terminal): Promise<Plan> {
  const json = await jsonIn(path, terminal);
  valid(readPlan(json), path);
  return json as Plan; // The schema of plans has no defaults: what passes it is one.
}

/** A digest as it is typed, or that of the plan in a file. */
export const digestIn = async (typed: string, terminal: Terminal): Promise<string> =>
  Plan.shape.digest.safeParse(typed).success ? typed : (await planIn(typed, terminal)).digest;

async function jsonIn(path: string, terminal: Terminal): Promise<unknown> {
  const text = await terminal.read(path).catch((error: unknown) => {
    throw new Usage(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refused(`${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** More would not be read by anybody. */
const PROBLEMS = 20;

function valid<T>(result: ReadResult<T>, path: string): T {
  if (result.kind === "valid") return result.value;
  const lines = result.problems
    .slice(0, PROBLEMS)
    .map(({ path: at, reason }) => `  ${at === "" ? "the file" : at}: ${reason}`);
  const more = result.problems.length - lines.length;
  throw new Refused([`${path} is not acceptable`, ...lines, ...(more > 0 ? [`  and ${more} more`] : [])].join("\n"));
}

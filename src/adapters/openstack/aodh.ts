/**
 * Event alarms of AODH: which projects have one that hears what Fenix asks them over the message bus. AODH itself knows
 * a new alarm only after a minute (`event_alarm_cache_ttl`), so it is not asked more often than that.
 */
import { z } from "zod";
import { ProjectId } from "../../domain/ids.ts";
import type { Alarms } from "../../ports/alarms.ts";
import type { Clock } from "../../ports/clock.ts";
import { isProblem, Problem } from "../../problems.ts";
import { type Http, type Log, reasonIn, Unanswered } from "./http.ts";
import type { Keystone } from "./keystone.ts";
import { shared } from "./patience.ts";

/** What a project hears its questions by. */
const ASKED = "maintenance.scheduled";

const GOOD_FOR_MS = 60_000;
/** A look at the cloud waits for it. */
const ANSWER_WITHIN_MS = 10_000;
const PAGE = 500;
/** More than half a million alarms: something answers the same page again and again. */
const PAGES_MAX = 1_000;

export interface AodhParts {
  readonly http: Http;
  readonly keystone: Keystone;
  readonly clock: Clock;
  readonly log?: Log | undefined;
}

export function eventAlarms({ http, keystone, clock, log }: AodhParts): Alarms {
  let known: { readonly projects: readonly ProjectId[]; readonly until: number } | null = null;
  const read = shared(async (signal) => {
    const projects = await listeningProjects(http, keystone, signal);
    known = { projects, until: clock.now().getTime() + GOOD_FOR_MS };
    return projects;
  });
  return {
    async listening({ signal }) {
      if (known !== null && clock.now().getTime() < known.until) return known.projects;
      const tooLong = AbortSignal.timeout(ANSWER_WITHIN_MS);
      try {
        return await read(AbortSignal.any([signal, tooLong]));
      } catch (error) {
        signal.throwIfAborted();
        if (!isProblem(error) && !tooLong.aborted) throw error;
        // A cloud may have a bus and no AODH, and a look at the cloud must not fail for it.
        log?.warn({ error }, "the event alarms could not be read; who listened before is taken to listen still");
        return null;
      }
    },
  };
}

const Alarm = z.object({
  alarm_id: z.string(),
  enabled: z.boolean(),
  project_id: z.string(),
  type: z.string(),
  alarm_actions: z.array(z.string()).default([]),
  event_rule: z.object({ event_type: z.string() }).optional(),
});
const AlarmsAnswer = z.array(Alarm);

async function listeningProjects(http: Http, keystone: Keystone, signal: AbortSignal): Promise<readonly ProjectId[]> {
  const projects = new Set<ProjectId>();
  let marker: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const alarms = await readPage(http, keystone, marker, signal);
    for (const alarm of alarms) if (hearsQuestions(alarm)) projects.add(ProjectId.parse(alarm.project_id));
    marker = alarms.at(-1)?.alarm_id;
    if (alarms.length < PAGE) return [...projects].toSorted();
  }
  throw new Unanswered("could not read the event alarms: aodh has no end of them");
}

/** Who has no action is told nothing. Conditions of the alarm on traits are its own affair. */
export const hearsQuestions = ({ enabled, type, alarm_actions, event_rule }: z.infer<typeof Alarm>): boolean =>
  enabled && type === "event" && alarm_actions.length > 0 && matchesGlob(event_rule?.event_type ?? "*", ASKED);

async function readPage(
  http: Http,
  keystone: Keystone,
  marker: string | undefined,
  signal: AbortSignal,
): Promise<z.infer<typeof AlarmsAnswer>> {
  // Without all_projects even an admin is shown the own project's only (reference §3.8).
  const query = new URLSearchParams([
    ["q.field", "all_projects"],
    ["q.value", "true"],
    ["q.field", "type"],
    ["q.value", "event"],
    ["sort", "alarm_id:asc"],
    ["limit", String(PAGE)],
  ]);
  if (marker !== undefined) query.set("marker", marker);
  const ask = async (token: Awaited<ReturnType<Keystone["token"]>>) =>
    http.exchange({
      service: "aodh",
      method: "GET",
      url: `${keystone.endpoint(token, "alarming")}/v2/alarms?${query.toString()}`,
      template: "/v2/alarms",
      doing: "read the event alarms",
      headers: { "x-auth-token": token.value },
      signal,
    });
  const token = await keystone.token(signal);
  let { status, body } = await ask(token);
  if (status === 401) ({ status, body } = await ask(await keystone.renewed(token, signal)));
  if (status !== 200)
    throw new Problem(
      "CLOUD_REFUSED",
      `could not read the event alarms: aodh answered ${status}: ${reasonIn(body) ?? ""}`,
    );
  const alarms = AlarmsAnswer.safeParse(body);
  if (!alarms.success)
    throw new Unanswered("could not read the event alarms: the answer of aodh is not understood", {
      cause: alarms.error,
    });
  return alarms.data;
}

/** As Python's fnmatch, by which AODH compares (reference §3.6): `*`, `?`, `[abc]` and `[!abc]`. */
export function matchesGlob(glob: string, text: string): boolean {
  const pattern = glob.replace(
    /\[(!?)(\]?[^\]]*)\]|[\s\S]/g,
    (part, not: string | undefined, set: string | undefined) => {
      if (set !== undefined && set !== "") return `[${not === "!" ? "^" : ""}${set.replace(/[\\\]^]/g, "\\$&")}]`;
      if (part === "*") return ".*";
      return part === "?" ? "." : part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    },
  );
  try {
    return new RegExp(`^${pattern}$`, "s").test(text);
  } catch {
    return false; // A range from back to front: Python takes it for nothing at all.
  }
}

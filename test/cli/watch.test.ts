import { afterEach, describe, expect, test } from "vitest";
import { Detail } from "../../src/cli/answers.ts";
import { progressLines } from "../../src/cli/progress.ts";
import { sessionInWords } from "../../src/cli/session-words.ts";
import { withNames } from "../../src/cli/timeline-words.ts";
import { duration, parseWhen } from "../../src/cli/when.ts";
import {
  aDetail,
  aHost,
  type Answers,
  aTimeline,
  type FakeFenix,
  fakeFenix,
  id,
  noNews,
  project,
  webId,
} from "./fake-fenix.ts";
import { fenix, NOW } from "./fenix.ts";

let server: FakeFenix;
afterEach(async () => server?.close());

const detail = `GET /v1/maintenance/${id}/detail`;
const timeline = (after: number) => `GET /v1/maintenance/${id}/timeline?after=${after}&limit=1000`;
const ended = { state: "MAINTENANCE_DONE", ended_at: "2026-11-25 08:03:00" };

async function watched(
  answers: Answers,
  typed: readonly string[] = [],
  size: { columns: number; rows: number } | null = null,
) {
  server = await fakeFenix(answers);
  return fenix(["session", "watch", id, "--url", server.url, ...typed], { size });
}

const events = aTimeline(
  ["session_created", null, "created"],
  ["effect_recorded", `${webId}#1`, "will move"],
  ["effect_done", `${webId}#1`, `${webId} is on compute-1, after 4 s`],
  ["host_marked", "compute-2", "maintained"],
);

describe("line by line", () => {
  const toTheEnd: Answers = {
    [detail]: [{ body: aDetail() }, { body: aDetail() }, { body: aDetail({ session: ended, percent_done: 100 }) }],
    [timeline(0)]: [{ body: { entries: events.entries.slice(0, 3), next: 3 } }],
    [timeline(3)]: [{ body: noNews }, { body: { entries: events.entries.slice(3), next: 4 } }],
    [timeline(4)]: [{ body: noNews }],
  };

  test("each event once, until the session has ended", async () => {
    expect(await watched(toTheEnd)).toEqual({
      code: 0,
      out: "08:00:00  created\n08:00:02  web-1 is on compute-1, after 4 s\n08:00:03  compute-2: maintained\n",
      err: "",
    });
  });

  test("as JSON, every event", async () => {
    const { out } = await watched(toTheEnd, ["--json"]);
    const lines = out.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(events.entries);
  });

  test("a failed session ends with its reason, the advice and exit code 1", async () => {
    const failure = { reason: "bank refused", advice: "ask bank, then continue" };
    const failed = aDetail({ session: { ...ended, state: "MAINTENANCE_FAILED" }, failure });
    expect(await watched({ [detail]: [{ body: failed }], [timeline(0)]: [{ body: noNews }] })).toEqual({
      code: 1,
      out: "",
      err: "fenix: the session failed: bank refused\nWhat to do: ask bank, then continue\n",
    });
  });

  test("names the hosts that need a look, though the session is done", async () => {
    const report = {
      maintained: [],
      not_maintained: [],
      still_closed: [{ host: "compute-9", reason: "closed by others" }],
    };
    const done = aDetail({ session: ended, report });
    const { code, out } = await watched({ [detail]: [{ body: done }], [timeline(0)]: [{ body: noNews }] });
    expect({ code, out }).toEqual({ code: 0, out: "compute-9 takes no new instances: closed by others\n" });
  });

  test("an API that answers nonsense for a while is waited for", async () => {
    const away = { status: 200, body: "<html>" };
    const answers = {
      [detail]: [{ body: aDetail() }, away, away, { body: aDetail({ session: ended }) }],
      [timeline(0)]: [{ body: noNews }],
    };
    const { code, err } = await watched(answers);
    expect(code).toBe(0);
    expect(err).toBe(`fenix: ${server.url} answers, but not as Fenix does; still trying\n`);
  });

  test("an API that stays away is given up after five minutes, with exit code 3", async () => {
    const answers = { [detail]: [{ body: aDetail() }, { body: "<html>" }], [timeline(0)]: [{ body: noNews }] };
    const { code } = await watched(answers);
    expect(code).toBe(3);
    expect(server.asked.length).toBeGreaterThan(250);
  });
});

test("on a terminal it draws over what it drew before", async () => {
  const answers = {
    [detail]: [{ body: aDetail() }, { body: aDetail() }, { body: aDetail({ session: ended }) }],
    [timeline(0)]: [{ body: noNews }],
  };
  const { out } = await watched(answers, [], { columns: 80, rows: 24 });
  const [first, second] = out.split("\u001B[J");
  const lines = first!.split("\n").length - 1;
  expect(second!.startsWith(`\u001B[${lines}A\r`)).toBe(true);
  expect(second).toContain("MAINTENANCE_DONE");
});

describe("the picture", () => {
  const size = { columns: 100, rows: 24 };
  const picture = (changes: Parameters<typeof aDetail>[0] = {}, more: object = {}) => {
    const detail = Detail.parse(aDetail(changes));
    return { detail, timeline: events.entries, now: NOW, trouble: null, named: withNames(detail), ...more };
  };

  test("when it will be done, and how that is known", () => {
    const eta = {
      p50: "2026-11-25 08:47:00",
      p95: "2026-11-26 01:02:30",
      p50_seconds: 2_700,
      p95_seconds: 61_230,
      drain: { seconds: 180, basis: "measured", measured: 12 },
      action: { seconds: 1_800, basis: "assumed", measured: 0 },
      hosts_at_once: 1,
    } as const;
    expect(progressLines(picture({ eta }), size).slice(1, 3)).toEqual([
      "done in 45 min (08:47 UTC), with 95 % within 17 h (2026-11-26 01:02 UTC)",
      "  by 12 measured drains of 3 min and assumed host actions of 30 min",
    ]);
    const drain = { seconds: 8, basis: "moves", measured: 0 } as const;
    const action = { seconds: 60, basis: "plan", measured: 0 } as const;
    expect(progressLines(picture({ eta: { ...eta, drain, action } }), size)[2]).toBe(
      "  by measured moves, 8 s for a drain and planned host actions of 1 min",
    );
    expect(sessionInWords(Detail.parse(aDetail({ eta })), NOW)).toContain(
      "\nDone        in 45 min (08:47 UTC), with 95 %",
    );
  });

  test("state, hosts, what it waits for, what is under way, what happened", () => {
    const waiting = { for: "moves to end", until: "2026-11-25 08:31:00" };
    expect(progressLines(picture({ waiting }), size)).toEqual([
      "PLANNED_MAINTENANCE  ████████████░░░░░░░░░░░░  1 of 2 hosts maintained, 2 min",
      "waits for moves to end, at most 29 min more (until 08:31:00 UTC)",
      "moves web-1 off compute-2, try 2, for 1 min",
      "",
      "HOST       ROLES    STATUS      INSTANCES  REMARK",
      "compute-1  compute  maintained  0          dummy done",
      "compute-2  compute  draining    1          closed",
      "",
      "08:00:00  created",
      "08:00:02  web-1 is on compute-1, after 4 s",
      "08:00:03  compute-2: maintained",
    ]);
  });

  test("projects by name, where somebody knows what they are called", () => {
    const detail = Detail.parse(aDetail());
    expect(withNames(detail, new Map([[project, "shop"]]))(`${project} owns ${webId}`)).toBe("shop owns web-1");
  });

  test("what holds something up, and that the news is old", () => {
    const under_way = [
      { kind: "run_action", subject: "compute-1/0", since: "2026-11-25 08:01:30", last_error: null },
      { kind: "observe", subject: "start", since: "2026-11-25 08:01:59", last_error: "the cloud does not answer" },
    ];
    const lines = progressLines(picture({ under_way }, { trouble: "refused" }), size);
    expect(lines).toContain("runs dummy on compute-1, for 30 s");
    expect(lines).toContain("looks at the whole cloud, for 1 s; held up: the cloud does not answer");
    expect(lines.at(-1)).toBe("no news: refused");
  });

  test("with more hosts than lines, those being worked on are shown and the rest is counted", () => {
    const hosts = Array.from({ length: 100 }, (_, place) =>
      aHost({
        hostname: `compute-${place}`,
        status: place < 50 ? "maintained" : place === 99 ? "draining" : "waiting",
      }),
    );
    const lines = progressLines(picture({ hosts }), { columns: 100, rows: 20 });
    expect(lines.length).toBeLessThan(20);
    expect(lines.some((line) => line.startsWith("compute-99"))).toBe(true);
    expect(lines.find((line) => line.startsWith("and "))).toMatch(/^and \d+ maintained, \d+ waiting$/);
  });

  test("no line is wider than the terminal", () => {
    const waiting = { for: "x".repeat(200), until: "2026-11-25 08:31:00" };
    const lines = progressLines(picture({ waiting }), { columns: 40, rows: 24 });
    expect(Math.max(...lines.map((line) => line.length))).toBe(40);
  });

  test("a small terminal is enough", () => {
    expect(() => progressLines(picture(), { columns: 20, rows: 3 })).not.toThrow();
  });
});

test.each([
  ["now", "2026-11-25T08:02:00.000Z"],
  ["+90s", "2026-11-25T08:03:30.000Z"],
  ["+1h30m", "2026-11-25T09:32:00.000Z"],
  ["+1d", "2026-11-26T08:02:00.000Z"],
  ["2026-12-01 08:30", "2026-12-01T08:30:00.000Z"],
  ["2026-12-01T08:30:15", "2026-12-01T08:30:15.000Z"],
  ["2026-12-01T08:30:15Z", "2026-12-01T08:30:15.000Z"],
  ["2026-12-01T08:30+02:00", "2026-12-01T06:30:00.000Z"],
])("--at %s is %s", (typed, at) => {
  expect(parseWhen(typed, NOW).toISOString()).toBe(at);
});

test.each([
  [400, "0 s"],
  [45_000, "45 s"],
  [200_000, "3 min 20 s"],
  [7_500_000, "2 h 5 min"],
  [86_400_000, "1 d"],
  [-5, "0 s"],
])("%i ms are %s", (ms, words) => {
  expect(duration(ms)).toBe(words);
});

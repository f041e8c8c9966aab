import { describe, expect, test } from "vitest";
import { verifySession } from "../../src/verify/verify-session.ts";
import * as j from "./a-journal.ts";

const found = (entries: ReturnType<typeof j.aJournal>) =>
  verifySession(entries).violations.map(({ invariant, subject, text }) => `${invariant} ${subject ?? "-"}: ${text}`);

test("a session without fault is certified", () => {
  const { holds, ended, entries, violations, judged, notShown } = verifySession(j.aJournal());
  expect({ holds, ended, entries, violations }).toEqual({ holds: true, ended: true, entries: 25, violations: [] });
  expect(judged.map(({ invariant, text }) => `${invariant}: ${text}`)).toMatchInlineSnapshot(`
    [
      "I1: 1 host actions ran on closed and empty compute hosts",
      "I2: 0 moves of members of groups with a budget, at most 0 of one group impacted at once by this session",
      "I3: 1 host actions ran once per visit",
      "I4: 1 hosts that the session closed are open again or in its report",
      "I5, I6: 1 questions and 1 replies: each reply counted if and only if it answered in time",
      "I7: 1 moves went to hosts that were open and not under maintenance",
      "I8: 0 moves found room at their destinations",
      "I9: 0 moves of members of anti-affinity groups kept them apart",
      "I10: 1 moves and 1 host actions began after their announced time or with a yes",
      "I11: 4 stays in states follow each other, no late worker wrote",
      "I13: 25 entries are numbered without a gap, 5 effects recorded and ended once",
      "I14: at most 1 of 1 compute hosts were in maintenance at once, 1 of 1 moves left one host",
      "I15: after 0 failures nothing new began, and nothing was left under way",
    ]
  `);
  expect(notShown.map(({ invariant }) => invariant)).toEqual(["I2", "I12"]);
});

test("a session under way is certified so far", () => {
  const { holds, ended, judged } = verifySession(j.aJournal().slice(0, 14));
  expect({ holds, ended }).toEqual({ holds: true, ended: false });
  expect(judged.find(({ invariant }) => invariant === "I4")?.gap).toContain("has not ended");
});

test("an old journal that does not tell outcomes is judged by what it tells", () => {
  const old = j.aJournal().map(({ data, ...entry }) => {
    const { entry: _, outcome: __, rerun: ___, ran: ____, options: _____, maintenanceAt: ______, ...kept } = data ?? {};
    return { ...entry, data: kept };
  });
  const { violations, judged } = verifySession(old);
  expect(violations).toEqual([]);
  expect(judged.filter(({ gap }) => gap !== null).map(({ invariant }) => invariant)).toEqual([
    "I1",
    "I2",
    "I3",
    "I7",
    "I8",
    "I9",
    "I10",
    "I14",
  ]);
});

const { parts } = j;
const again = j.enter(118, "START_MAINTENANCE", "START_MAINTENANCE");
const interrupted = j.started(90, 3, "run_action", "a/0", 2, true);
const ran = (changes: object) =>
  j.line(130, "effect_done", "a/0", {
    kind: "run_action",
    entry: 3,
    attempt: 2,
    rerun: "at-most-once",
    ran: true,
    ...changes,
  });
const actionTwice = (end: ReturnType<typeof ran>) => [...parts.act.slice(0, 2), interrupted, end];
const toClosed = { ...j.theMove, to: "a", from: "b" };
const toDb = (at: number) => j.move(at, 2, "b", { ...j.theMove, instance: "db" });
const both = { instances: ["web", "db"] };
const aboutWeb = { instance: "web", actions: { web: "MIGRATE" } };

describe.each<{
  invariant: string;
  cases: Readonly<Record<string, { given: Parameters<typeof j.aJournal>[0]; says: readonly string[] }>>;
}>([
  {
    invariant: "I1",
    cases: {
      "an action on a host that was not closed": {
        given: { close: [], open: [] },
        says: ["I1 a: reboot ran on a, which was not closed to new instances all that time"],
      },
      "an action on a host that was opened meanwhile": {
        given: { act: [...parts.act.slice(0, 2), ...j.open(90, 3, "a"), ...parts.act.slice(2)], open: [] },
        says: ["I1 a: reboot ran on a, which was not closed to new instances all that time"],
      },
      "an action on a host that nobody looked at": {
        given: { look: [] },
        says: [
          "I1 a: reboot ran on a, which had not been found empty since it was closed",
          "I1 a: reboot ran on a, while web was still leaving it",
        ],
      },
      "an action on a host that was found occupied": {
        given: { look: j.look(81, 3, "a", { ...j.empty, allocations: ["x"] }) },
        says: [
          "I1 a: reboot ran on a, which had not been found empty since it was closed",
          "I1 a: reboot ran on a, while web was still leaving it",
        ],
      },
      "an action on a host that was looked at before it was closed": {
        given: { close: [], look: [...parts.look, ...j.close(82, 3, "a")] },
        says: ["I1 a: reboot ran on a, which had not been found empty since it was closed"],
      },
      "an action on a host from which an instance was still leaving": {
        given: { move: parts.move.slice(0, 2), open: [...parts.move.slice(2), ...parts.open] },
        says: ["I1 a: reboot ran on a, while web was still leaving it"],
      },
      "an action on a host to which an instance came": {
        given: { look: [...parts.look, ...j.move(82, 3, "a", toClosed)] },
        says: [
          "I7 web: moved to a, which was closed to instances at entry 6",
          "I1 a: reboot ran on a, while web came to it or had come",
        ],
      },
      "an action on a host closed by others before is right": {
        given: {
          created: [j.created({ found: [{ host: "a", roles: ["compute"], closed: true }] })],
          close: [],
          open: [],
        },
        says: [],
      },
      "an action on a controller that was not emptied is right": {
        given: {
          created: [
            j.created({
              found: [
                { host: "a", roles: ["compute"], closed: false },
                { host: "c", roles: ["controller"], closed: false },
              ],
            }),
          ],
          maintained: [...parts.maintained, ...j.act(122, 3, { host: "c" })],
        },
        says: [],
      },
      "an action that found its host occupied and did not run is right": {
        given: {
          look: [],
          act: [...parts.act.slice(0, 2), j.failed(85, 3, "run_action", "a/0", { ran: false })],
        },
        says: [],
      },
    },
  },
  {
    invariant: "I3",
    cases: {
      "an action twice in one visit": {
        given: { open: [again, ...j.act(118, 4), ...j.open(150, 4, "a")] },
        says: ["I3 a: reboot ran again on a in the same visit"],
      },
      "an action again in the next visit is right": {
        given: {
          maintained: [
            j.marked(121, "a", "waiting"),
            again,
            ...j.close(122, 4, "a"),
            ...j.look(123, 4, "a"),
            j.marked(124, "a", "in_maintenance"),
            ...j.act(125, 4),
            ...j.open(160, 4, "a"),
          ],
        },
        says: [],
      },
      "an action started again although its first try had not stopped": {
        given: { act: [...parts.act.slice(0, 2), j.started(90, 3, "run_action", "a/0", 2), ran({})] },
        says: ["I3 a: reboot on a: started again while the try before was not known to have stopped"],
      },
      "an at-most-once action run again after a crash": {
        given: { act: actionTwice(ran({})) },
        says: ["I3 a: reboot on a: run again after a worker died in it, though it is declared at-most-once"],
      },
      "an idempotent action run again after a crash is right": {
        given: { act: actionTwice(ran({ rerun: "idempotent" })) },
        says: [],
      },
      "an action found done after a crash is right": { given: { act: actionTwice(ran({ ran: false })) }, says: [] },
      "an action started again after it was given back is right": {
        given: {
          act: [
            ...parts.act.slice(0, 2),
            j.line(86, "effect_postponed", "a/0", { kind: "run_action", entry: 3 }),
            j.started(90, 3, "run_action", "a/0", 2),
            ran({}),
          ],
        },
        says: [],
      },
    },
  },
  {
    invariant: "I4",
    cases: {
      "a host left closed without a word": {
        given: { open: [] },
        says: ["I4 a: the session ended with a closed by it, and its report does not say why"],
      },
      "a host left closed and named is right": {
        given: { open: [], ended: [j.ended(124, [{ host: "a", reason: "its compute service is gone" }])] },
        says: [],
      },
      "a host that others had closed, opened": {
        given: { close: j.close(61, 2, "a", "closed_by_others") },
        says: ["I4 a: a was opened, though the session had not closed it"],
      },
      "a new host that the cloud had closed, opened as such, is right": {
        given: {
          close: j.close(61, 2, "a", "closed_by_others"),
          open: j.whole(
            121,
            3,
            "a",
            { kind: "open_host", host: "a", adopt: true },
            { outcome: { closure: "open", leftClosed: null } },
          ),
        },
        says: [],
      },
      "a host opened that was never closed": {
        given: { maintained: [...parts.maintained, ...j.open(122, 3, "b")] },
        says: ["I4 b: b was opened, though the session had not closed it"],
      },
    },
  },
  {
    invariant: "I5 and I6",
    cases: {
      "a late reply that counted": {
        given: { reply: [j.replied(104)] },
        says: [
          "I6 shop: ACK_PREPARE_MAINTENANCE was taken for an answer, though it was due by 2026-11-25T12:01:43.000Z",
        ],
      },
      "a second reply that counted": {
        given: { reply: [j.replied(64), j.replied(65)] },
        says: ["I6 shop: ACK_PREPARE_MAINTENANCE was taken for an answer, though the project had answered before"],
      },
      "a reply to another question that counted": {
        given: { reply: [j.replied(64, "ACK_SCALE_IN"), j.replied(65)] },
        says: [
          "I6 shop: ACK_SCALE_IN was taken for an answer, though the project was asked PREPARE_MAINTENANCE",
          "I6 shop: ACK_PREPARE_MAINTENANCE was taken for an answer, though the project had answered before",
        ],
      },
      "a reply before any question that counted": {
        given: { draining: [j.replied(60, "ACK_SCALE_IN"), ...parts.draining] },
        says: ["I6 shop: ACK_SCALE_IN was taken for an answer, though nothing had been asked"],
      },
      "a good reply that was ignored": {
        given: { reply: [j.replied(64, "ACK_PREPARE_MAINTENANCE", "reply_ignored"), j.replied(65)] },
        says: ["I5 shop: ACK_PREPARE_MAINTENANCE was ignored, though it answered PREPARE_MAINTENANCE in time"],
      },
      "another answer about one instance, before its move was decided, is right": {
        given: {
          ask: [j.asked(63, { instance: "web" })],
          reply: [
            j.replied(64, "NACK_PREPARE_MAINTENANCE", "reply_recorded", { instance: "web" }),
            j.replied(65, "ACK_PREPARE_MAINTENANCE", "reply_recorded", aboutWeb),
          ],
        },
        says: [],
      },
      "the same again about one instance counted": {
        given: {
          ask: [j.asked(63, { instance: "web" })],
          reply: [64, 65].map((at) => j.replied(at, "ACK_PREPARE_MAINTENANCE", "reply_recorded", aboutWeb)),
        },
        says: ["I6 shop: ACK_PREPARE_MAINTENANCE was taken for an answer, though the project had answered before"],
      },
      "another answer about one instance, after its move was decided, counted": {
        given: {
          ask: [j.asked(63, { instance: "web" })],
          reply: [j.replied(64, "ACK_PREPARE_MAINTENANCE", "reply_recorded", aboutWeb)],
          move: [
            ...parts.move,
            j.replied(79, "ACK_PREPARE_MAINTENANCE", "reply_recorded", { ...aboutWeb, actions: { web: "OWN_ACTION" } }),
          ],
        },
        says: ["I6 shop: ACK_PREPARE_MAINTENANCE was taken for an answer, though its move had been decided"],
      },
      "an answer for another instance than the one asked about": {
        given: {
          ask: [j.asked(63, { instance: "web" })],
          reply: [
            j.replied(64, "ACK_PREPARE_MAINTENANCE", "reply_recorded", aboutWeb),
            j.replied(65, "ACK_PREPARE_MAINTENANCE", "reply_recorded", { instance: "db" }),
          ],
        },
        says: ["I6 shop: ACK_PREPARE_MAINTENANCE was taken for an answer, though nothing had been asked"],
      },
      "replies that are late, repeated or out of turn, and ignored, are right": {
        given: {
          reply: [
            j.replied(64, "ACK_SCALE_IN", "reply_ignored"),
            j.replied(65),
            j.replied(66, "NACK_PREPARE_MAINTENANCE", "reply_ignored"),
          ],
        },
        says: [],
      },
    },
  },
  {
    invariant: "I7",
    cases: {
      "a move to a host that drains": {
        given: {
          move: [...parts.move, ...j.move(77, 2, "b", { ...j.theMove, instance: "db" })],
          reply: [...parts.reply, j.marked(65, "b", "draining")],
          ask: [j.asked(63, both)],
        },
        says: ["I7 web: moved to b, which was draining at entry 9", "I7 db: moved to b, which was draining at entry 9"],
      },
      "a move that the scheduler brought to a closed host": {
        given: {
          close: [...parts.close, ...j.close(62, 2, "b")],
          open: [...parts.open, ...j.open(121, 3, "b")],
          move: j.move(66, 2, "b"),
        },
        says: ["I7 web: moved to b, which was closed to instances at entry 9"],
      },
      "a move to a host that was opened before is right": {
        given: { close: [...parts.close, ...j.close(62, 2, "b"), ...j.open(63, 2, "b")] },
        says: [],
      },
    },
  },
  {
    invariant: "I10",
    cases: {
      "a move before the time of the maintenance": {
        given: { created: [j.created({ maintenanceAt: j.iso(67) })] },
        says: ["I10 web: moved before the time of the maintenance"],
      },
      "an action before the time of the maintenance": {
        given: { created: [j.created({ maintenanceAt: j.iso(85) })] },
        says: [
          "I10 web: moved before the time of the maintenance",
          "I10 a: reboot ran before the time of the maintenance",
        ],
      },
      "a move of an instance that nobody was asked about": {
        given: { ask: [j.asked(63, { instances: ["other"] })] },
        says: ["I10 web: moved, though its project was not asked what to do with it"],
      },
      "a move after a no": {
        given: { reply: [j.replied(65, "NACK_PREPARE_MAINTENANCE")] },
        says: ["I10 web: moved, though its project said no"],
      },
      "a move without an answer": {
        given: { reply: [] },
        says: ["I10 web: moved, though its project had not answered"],
      },
      "a move of a silent project before the announced time": {
        given: { created: [j.created({ options: { ...j.options, on_silence: "proceed" } })], reply: [] },
        says: ["I10 web: moved, though it was announced for 2026-11-25T12:01:43.000Z"],
      },
      "a move of a silent project after the announced time is right": {
        given: {
          created: [j.created({ options: { ...j.options, on_silence: "proceed" } })],
          ask: [j.asked(63, { actionsAt: j.iso(66) })],
          reply: [],
        },
        says: [],
      },
    },
  },
  {
    invariant: "I11",
    cases: {
      "a state entered from another than the present one": {
        given: { done: [j.enter(123, "MAINTENANCE_DONE", "MAINTENANCE")] },
        says: ["I11 -: MAINTENANCE_DONE was entered from MAINTENANCE, while the session stood in START_MAINTENANCE"],
      },
      "the end of a try that had been taken over": {
        given: {
          act: [...parts.act.slice(0, 2), interrupted, ran({ attempt: 1, rerun: "idempotent" })],
        },
        says: ["I11 a/0: try 1 of run_action told its end, though try 2 had begun"],
      },
      "a decision after the end": {
        given: { ended: [...parts.ended, j.marked(125, "a", "failed")] },
        says: ["I11 a: decided after the session had ended: host_marked a"],
      },
    },
  },
  {
    invariant: "I13",
    cases: {
      "an effect recorded twice": {
        given: { open: [...parts.open.slice(0, 1), ...parts.open] },
        says: ["I13 a: recorded twice: effect_recorded a"],
      },
      "an effect begun that nobody recorded": {
        given: { maintained: [...parts.maintained, j.started(122, 3, "open_host", "b")] },
        says: ["I13 b: nobody recorded what this is about: effect_started b"],
      },
      "an effect ended twice": {
        given: { open: [...parts.open, ...parts.open.slice(2)] },
        says: ["I13 a: open_host ended twice"],
      },
      "an effect ended that never began": {
        given: { open: [...parts.open.slice(0, 1), ...parts.open.slice(2)] },
        says: ["I13 a: open_host ended without having begun"],
      },
      "an effect begun after its end": {
        given: { open: [...parts.open, j.started(122, 3, "open_host", "a", 2, true)] },
        says: ["I13 a: open_host began again after its end"],
      },
    },
  },
  {
    invariant: "I14",
    cases: {
      "more moves off a host at once than allowed": {
        given: { ask: [j.asked(63, both)], move: interleaved(parts.move, toDb(67)) },
        says: ["I14 a: 2 moves left a at once, 1 are allowed"],
      },
      "more hosts in maintenance at once than allowed": {
        given: { visit: [...parts.visit, j.marked(83, "b", "in_maintenance"), j.marked(83, "b", "maintained")] },
        says: ["I14 -: 2 compute hosts were in maintenance at once, 1 are allowed"],
      },
      "one move after another is right": {
        given: { ask: [j.asked(63, both)], move: [...parts.move, ...toDb(77)] },
        says: [],
      },
    },
  },
  {
    invariant: "I15",
    cases: {
      "work that began after a failure": {
        given: { visit: [...parts.visit, j.line(83, "session_failed", null)] },
        says: ["I15 a/0: run_action began although the session had failed"],
      },
      "work after a failure that was mended is right": {
        given: {
          look: [
            j.line(81, "session_failed", null),
            j.line(81, "session_continued", null, { state: "START_MAINTENANCE" }),
            ...j.look(81, 4, "a"),
          ],
          act: j.act(84, 4),
          open: j.open(120, 4, "a"),
        },
        says: [],
      },
      "an end while something is under way": {
        given: {
          maintained: [
            ...parts.maintained,
            j.recorded(122, "x", { kind: "observe" }),
            j.started(122, 3, "observe", "x"),
          ],
        },
        says: ["I15 x: the session ended while observe was under way"],
      },
    },
  },
])("$invariant", ({ cases }) => {
  test.each(Object.entries(cases))("%s", (_, { given, says }) => expect(found(j.aJournal(given))).toEqual(says));
});

test("a journal without its beginning is found", () => {
  expect(found(j.aJournal({ created: [] }))[0]).toBe(
    "I13 -: the journal does not begin with the creation of the session",
  );
});

test("a gap in the numbers is found once", () => {
  const entries = j.aJournal().filter(({ number }) => number !== 5 && number !== 9);
  expect(found(entries).filter((text) => text.includes("has the number"))).toEqual([
    "I13 -: entry 5 of the journal has the number 6",
  ]);
});

function interleaved<Item>([first, ...rest]: readonly Item[], other: readonly Item[]): readonly Item[] {
  return first === undefined ? other : [first, ...interleaved(other, rest)];
}

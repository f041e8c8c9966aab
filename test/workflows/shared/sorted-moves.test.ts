/** What is kept from one turn to the next must be what would be found by looking at everything anew. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { sortedMoves, type Tries } from "../../../plugins/workflows/shared/drain/sorted-moves.ts";
import { foreseen } from "../../../plugins/workflows/shared/rolling/foreseen.ts";
import { instancesOn } from "../../../src/planner/index-facts.ts";
import type { EffectRecord, EffectStatus } from "../../../src/domain/effect.ts";
import { aCloud } from "../../planner/cloud.ts";
import { aView, host, instance, later } from "../../support/a-view.ts";

type Move = EffectRecord<"move_instance"> & { readonly entry: number };

const hosts = ["a", "b", "c"];
const ids = ["i0", "i1", "i2", "i3"];

/** One move, and in which turns it is recorded and has ended. */
const aMove = fc.record({
  id: fc.constantFrom(...ids),
  from: fc.constantFrom(...hosts),
  to: fc.constantFrom(...hosts, null),
  recordedIn: fc.nat(5),
  lasts: fc.nat(4),
  ends: fc.constantFrom("done", "gone", "failed", "cancelled"),
});

const story = fc.array(aMove, { maxLength: 14 });
type Story = NonNullable<ReturnType<(typeof story)["generate"]>["value"]>;

/** The moves as they are in this turn. A record that has ended is the same object from then on. */
function turnsOf(moves: Story): readonly (readonly Move[])[] {
  const inOrder = moves.toSorted((one, two) => one.recordedIn - two.recordedIn);
  const attempts = new Map<string, number>();
  const all = inOrder.map((move) => {
    const attempt = 1 + (attempts.get(move.id) ?? 0);
    attempts.set(move.id, attempt);
    const record = (status: EffectStatus<"move_instance">): Move => ({
      effect: {
        ...{ kind: "move_instance", instance: instance(move.id), how: "MIGRATE", attempt },
        ...{ from: host(move.from), to: move.to === null ? null : host(move.to) },
      },
      status,
      recordedAt: later(move.recordedIn),
      entry: 1,
    });
    return { ...move, record, ended: record(endOf(move)) };
  });
  return Array.from({ length: 11 }, (_, turn) =>
    all
      .filter(({ recordedIn }) => recordedIn <= turn)
      .map(({ recordedIn, lasts, ended, record }) =>
        turn >= recordedIn + lasts ? ended : record({ kind: "pending", lastError: null }),
      ),
  );
}

function endOf({ ends, to, recordedIn, lasts }: Story[number]): EffectStatus<"move_instance"> {
  const at = later(recordedIn + lasts);
  if (ends === "failed") return { kind: "failed", at, reason: "No valid host was found" };
  if (ends === "cancelled") return { kind: "cancelled", at };
  const arrived = ends === "gone" || to === null ? null : host(to);
  return { kind: "done", at, outcome: { host: arrived, seconds: 1 } };
}

const found = (moves: Tries) => {
  const sorted = sortedMoves(moves);
  const { underWay, inVain, lastEnd, lastDone } = sorted;
  return {
    ...{ underWay, inVain, lastEnd, lastDone },
    tries: ids.map((id) => sorted.triesOf(instance(id))),
    arrivals: hosts.map((name) => sorted.arrivalsAt(host(name))),
  };
};

/** Objects that no view before has shown. */
const unknown = (moves: readonly Move[]): readonly Move[] => structuredClone(moves);

test("moves sorted turn by turn are sorted as if they had been seen at once", () => {
  fc.assert(
    fc.property(story, (moves) => {
      for (const turn of turnsOf(moves)) expect(found(turn)).toEqual(found(unknown(turn)));
    }),
  );
});

test("an older view that is asked again, after a later one, does not see what came later", () => {
  fc.assert(
    fc.property(story, (moves) => {
      const turns = turnsOf(moves);
      for (const turn of [...turns, ...turns.toReversed()]) expect(found(turn)).toEqual(found(unknown(turn)));
    }),
  );
});

test("moves that were sorted for a view are no longer current once a later view has added to them", () => {
  const [before, after] = [3, 4].map(
    (turn) =>
      turnsOf([
        { id: "i0", from: "a", to: "b", recordedIn: 0, lasts: 0, ends: "done" },
        { id: "i1", from: "a", to: "b", recordedIn: 1, lasts: 3, ends: "done" },
      ])[turn],
  );
  if (!before || !after) throw new Error("there are eleven turns");
  const first = before[0];
  const sorted = sortedMoves(before);
  expect(sorted.isCurrent()).toBe(true);
  sortedMoves(first ? [first, ...after.slice(1)] : after);
  expect(sorted.isCurrent()).toBe(false);
});

test("the cloud foreseen turn by turn is the one foreseen at once", () => {
  fc.assert(
    fc.property(story, fc.array(fc.constantFrom(...hosts), { minLength: 4, maxLength: 4 }), (moves, places) => {
      const instances = Object.fromEntries(ids.map((id, place) => [id, { on: places[place] ?? "a" }]));
      const aLook = () => aCloud({ hosts: Object.fromEntries(hosts.map((name) => [name, { vcpus: 9 }])), instances });
      const kept = aLook();
      const foreseenIn = (turn: readonly Move[], look: ReturnType<typeof aLook>) => {
        const cloud = foreseen(aView({ facts: look, effects: turn }), look);
        return { cloud, on: hosts.map((name) => instancesOn(cloud, host(name))) };
      };
      for (const turn of turnsOf(moves)) expect(foreseenIn(turn, kept)).toEqual(foreseenIn(unknown(turn), aLook()));
    }),
  );
});

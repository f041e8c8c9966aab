import { expect, test } from "vitest";
import { moveWatch, type WatchedMove } from "../../../src/adapters/openstack/move-watch.ts";
import type { MigrationRow, Nova, ServerRow } from "../../../src/adapters/openstack/nova.ts";
import { HostName, InstanceId, ProjectId } from "../../../src/domain/ids.ts";
import type { Clock } from "../../../src/ports/clock.ts";

const from = HostName.parse("compute-1");
const to = HostName.parse("compute-2");
const START = Date.UTC(2026, 0, 1);

/** How a server looks from one second on; the last entry stays. Null: it is gone. */
type Story = readonly { readonly at: number; readonly seen: Partial<ServerRow> | null; readonly hidden?: boolean }[];

const moving = { status: "MIGRATING", taskState: "migrating" } as const;
const stays = { at: 0, seen: {} };

/** A Nova whose servers live through stories, and a clock that jumps over every pause. */
function theatre(stories: Readonly<Record<string, Story>>, options: { cloudAheadMs?: number; type?: string } = {}) {
  const { cloudAheadMs = 0, type = "migration" } = options;
  let now = START;
  const asked = { lists: 0, servers: 0, confirmed: [] as string[], since: [] as number[] };
  const clock: Clock = {
    now: () => new Date(now),
    async sleep(ms) {
      now += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  const sceneOf = (id: string) => stories[id]?.findLast(({ at }) => now >= START + at * 1_000);
  const rowOf = (id: string): ServerRow | null => {
    const scene = sceneOf(id);
    if (!scene?.seen) return null;
    return {
      ...{ id: InstanceId.parse(id), name: id, project: ProjectId.parse("shop"), host: from, zone: "nova" },
      ...{ status: "ACTIVE", taskState: null, fault: null },
      flavor: { vcpus: 1, ram: 1, disk: 1, ephemeral: 0, swap: 0, extra_specs: {} },
      updated: new Date(START + scene.at * 1_000 + cloudAheadMs),
      ...scene.seen,
    };
  };
  const nova = {
    async servers(filter: Readonly<Record<string, string>>) {
      asked.lists += 1;
      const since = Date.parse(filter["changes-since"] ?? "");
      asked.since.push(since);
      const rows = Object.keys(stories).filter((id) => !sceneOf(id)?.hidden);
      return rows.map(rowOf).filter((row) => row !== null && row.updated.getTime() >= since);
    },
    async server(id: string) {
      asked.servers += 1;
      return rowOf(id);
    },
    async confirmResize(id: string) {
      asked.confirmed.push(id);
      return { kind: "done" };
    },
    migrations: async () => [{ type } as MigrationRow],
  } as unknown as Nova;
  const watch = moveWatch({ nova, clock, pace: { lookMinMs: 1_000, lookMaxMs: 5_000, confirmAgainMs: 20_000 } });
  const wait = (id: string, changed: Partial<WatchedMove> = {}) =>
    watch.atRest({ id: InstanceId.parse(id), from, ours: true, signal: new AbortController().signal, ...changed });
  return { wait, asked, watch, seconds: () => (now - START) / 1_000 };
}

test("a hundred moves cost as many lists as one", async () => {
  const story: Story = [
    { at: 0, seen: moving },
    { at: 10, seen: { host: to } },
  ];
  const ids = Array.from({ length: 100 }, (_, place) => `i${place}`);
  const many = theatre(Object.fromEntries(ids.map((id) => [id, story])));
  const ends = await Promise.all(ids.map((id) => many.wait(id)));
  expect(ends.every((end) => end.kind === "at_rest" && end.server.host === to)).toBe(true);
  expect(many.asked.servers).toBe(0);
  expect(many.asked.lists).toBeLessThanOrEqual(12);
});

test("a move that takes long is looked at more and more rarely", async () => {
  const { wait, asked } = theatre({
    slow: [
      { at: 0, seen: moving },
      { at: 600, seen: { host: to } },
    ],
  });
  expect(await wait("slow")).toMatchObject({ kind: "at_rest" });
  expect(asked.lists).toBeLessThan(150);
  expect(asked.servers).toBeLessThan(8);
});

test("bad news of a list is believed only when the server says the same", async () => {
  const { wait, asked, seconds } = theatre({
    back: [
      { at: 0, seen: moving },
      { at: 4, seen: {} },
    ],
  });
  expect(await wait("back")).toMatchObject({ kind: "at_rest", server: { host: from, status: "ACTIVE" } });
  expect(asked.servers).toBe(1);
  expect(seconds()).toBeGreaterThanOrEqual(4);
});

test("a server whose project deletes it in mid-move is waited for until it is gone", async () => {
  const deleting = { status: "ACTIVE", taskState: "deleting" };
  const { wait } = theatre({
    doomed: [
      { at: 0, seen: moving },
      { at: 2, seen: deleting },
      { at: 9, seen: null },
    ],
  });
  expect(await wait("doomed")).toEqual({ kind: "gone" });
});

test("a broken server is told as it is, though its task is left behind", async () => {
  const broken = { status: "ERROR", taskState: "resize_migrating", host: to, fault: "no disk" };
  const { wait } = theatre({
    broken: [
      { at: 0, seen: moving },
      { at: 2, seen: broken },
    ],
  });
  expect(await wait("broken")).toMatchObject({
    kind: "at_rest",
    server: { status: "ERROR", host: to, fault: "no disk" },
  });
});

test("a server that no list shows is looked at by itself", async () => {
  const { wait, asked, seconds } = theatre({
    unlisted: [
      { at: 0, seen: moving, hidden: true },
      { at: 5, seen: { host: to }, hidden: true },
    ],
  });
  expect(await wait("unlisted")).toMatchObject({ kind: "at_rest", server: { host: to } });
  expect(asked.servers).toBe(1);
  expect(seconds()).toBeLessThan(25);
});

test.each([-3_600_000, 3_600_000])("a cloud whose clock is %i ms off is watched all the same", async (cloudAheadMs) => {
  const { wait, asked } = theatre(
    {
      m: [
        { at: 0, seen: moving },
        { at: 30, seen: { host: to } },
      ],
    },
    { cloudAheadMs },
  );
  expect(await wait("m")).toMatchObject({ kind: "at_rest", server: { host: to } });
  expect(asked.servers).toBeLessThanOrEqual(3);
});

test("a change that a slow clock of the cloud dates back is in a list soon, though most lists reach back less far", async () => {
  const busy: Story = Array.from({ length: 20 }, (_, at) => ({ at, seen: moving }));
  const { wait, asked, seconds } = theatre({
    busy,
    late: [
      { at: 0, seen: moving },
      { at: 6, seen: { host: to, updated: new Date(START + 2_000) } },
    ],
  });
  void wait("busy").catch(() => {});
  expect(await wait("late")).toMatchObject({ kind: "at_rest", server: { host: to } });
  expect(asked.servers).toBe(0);
  expect(seconds()).toBeLessThan(10);
  const reaches = asked.since.map((since, look) => START + (look + 1) * 1_000 - since);
  expect(reaches.filter((reach) => reach <= 2_000).length).toBeGreaterThanOrEqual(asked.lists / 2);
});

test("a cold move is confirmed once, and again only when nothing follows", async () => {
  const verify = { status: "VERIFY_RESIZE", host: to };
  const prompt = theatre({
    m: [
      { at: 0, seen: verify },
      { at: 8, seen: { host: to } },
    ],
  });
  expect(await prompt.wait("m")).toMatchObject({ kind: "at_rest" });
  expect(prompt.asked.confirmed).toEqual(["m"]);
  const lost = theatre({
    m: [
      { at: 0, seen: verify },
      { at: 25, seen: { host: to } },
    ],
  });
  expect(await lost.wait("m")).toMatchObject({ kind: "at_rest" });
  expect(lost.asked.confirmed).toEqual(["m", "m"]);
});

test("a resize by its project is left for the project to confirm", async () => {
  const { wait, asked } = theatre({ m: [{ at: 0, seen: { status: "VERIFY_RESIZE", host: to } }] }, { type: "resize" });
  expect(await wait("m", { ours: false })).toEqual({ kind: "unconfirmed_resize" });
  expect(asked.confirmed).toEqual([]);
});

test("a move of an earlier life that is over is told without a pause", async () => {
  const { wait, asked } = theatre({ m: [{ at: 0, seen: { host: to } }] });
  expect(await wait("m", { ours: false })).toMatchObject({ kind: "at_rest", server: { host: to } });
  expect(asked).toMatchObject({ servers: 1 });
});

test("who gives up leaves the others watched, and the last one ends the watching", async () => {
  const { wait, asked } = theatre({
    a: [stays, { at: 0, seen: moving }],
    b: [
      { at: 0, seen: moving },
      { at: 9, seen: null },
    ],
  });
  const stop = new AbortController();
  const given = wait("a", { signal: stop.signal });
  const kept = wait("b");
  stop.abort(new Error("enough"));
  await expect(given).rejects.toThrow("enough");
  expect(await kept).toEqual({ kind: "gone" });
  const { lists } = asked;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(asked.lists).toBe(lists);
});

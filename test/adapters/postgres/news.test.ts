import type pg from "pg";
import { afterAll, expect, test, vi } from "vitest";
import { connect } from "../../../src/adapters/postgres/connect.ts";
import { postgresNews } from "../../../src/adapters/postgres/news.ts";
import { postgresStore } from "../../../src/adapters/postgres/store.ts";
import type { Notification } from "../../../src/domain/notification.ts";
import { openDoor } from "../../http/a-door.ts";
import { testDatabase } from "../../support/database.ts";
import { created, host, project, record } from "./support.ts";

const connection = await testDatabase();
const { db, pool, url } = connection;
const store = postgresStore(db);
const news = postgresNews(connection);
afterAll(() => news.close());

const down: Notification = { type: "maintenance.host", host: host("a"), state: "IN_MAINTENANCE" };
const asked = (of: string): Notification => ({
  ...{ type: "maintenance.scheduled", project: project(of), state: "MAINTENANCE", instances: [] },
  ...{ allowedActions: [], replyBy: null, actionsAt: null, missing: null, instance: null, metadata: {} },
});
const whoeverListens = async () => {
  const { rows } = await pool.query<{ pid: number }>(
    "select pid from pg_stat_activity where datname = current_database() and query = 'listen fenix_news'",
  );
  return rows;
};

test("whoever follows hears at once, through one connection for all, which goes with the last", async () => {
  const session = await created(store, "heard");
  const ears = [news.listen(), news.listen()];
  await vi.waitFor(async () => expect(await whoeverListens()).toHaveLength(1));
  for (const ear of ears) expect(await ear.heard(60_000)).toBe("news"); // Of the connection itself.
  const hearing = ears.map((ear) => ear.heard(60_000));
  await record(store, session, { notifications: [down] });
  expect(await Promise.all(hearing)).toEqual(["news", "news"]);
  expect(await ears[0]!.heard(1)).toBe("silence");
  for (const ear of ears) ear.close();
  expect(await ears[0]!.heard(60_000)).toBe("closed");
  await vi.waitFor(async () => expect(await whoeverListens()).toHaveLength(0));
});

test("a connection that breaks is replaced, and whoever follows looks again", async () => {
  const ear = news.listen();
  await vi.waitFor(async () => expect(await whoeverListens()).toHaveLength(1));
  await ear.heard(60_000);
  for (const { pid } of await whoeverListens()) await pool.query("select pg_terminate_backend($1)", [pid]);
  expect(await ear.heard(60_000)).toBe("news");
  expect(await whoeverListens()).toHaveLength(1);
  ear.close();
});

test("a connection that breaks before it listens is given back, so that its pool can be closed", async () => {
  const own = connect({ url, applicationName: "fenix-test", onIdleError: () => {} });
  let broken = 0;
  const breaking = {
    async connect() {
      const client = await own.pool.connect();
      const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
      await pool.query("select pg_terminate_backend($1, 5000)", [rows[0]?.pid]);
      broken += 1;
      return client;
    },
  } as pg.Pool;
  const ear = postgresNews({ ...own, pool: breaking }).listen();
  await vi.waitFor(() => expect(broken).toBe(1));
  ear.close();
  await own.pool.end();
});

test("numbers rise in the order of commits, however many sessions tell at once", async () => {
  const sessions = await Promise.all(Array.from({ length: 8 }, (_, place) => created(store, `crowd-${place}`)));
  const from = await news.newest();
  const seen: number[] = [];
  let telling = true;
  const reading = (async () => {
    for (let last = from; ;) {
      // Asked before the look: what is told between an empty look and this answer would be missed.
      const more = telling;
      const page = await news.after(last, { project: null, limit: 3 });
      seen.push(...page.map(({ number }) => number));
      last = page.at(-1)?.number ?? last;
      if (page.length === 0 && !more) return;
    }
  })();
  await Promise.all(
    sessions.map(async (session) => {
      for (let turn = 0; turn < 10; turn++) await record(store, session, { notifications: [down, asked("shop")] });
    }),
  );
  telling = false;
  await reading;
  expect(seen).toHaveLength(160);
  expect(seen).toEqual((await news.after(from, { project: null, limit: 1_000 })).map(({ number }) => number));
  expect(await news.after(from, { project: project("shop"), limit: 1_000 })).toHaveLength(80);
  expect(await news.after(from, { project: project("bank"), limit: 1_000 })).toEqual([]);
});

test("a client on a socket gets what is told while it listens, and the server stops without waiting for it", async () => {
  const door = openDoor({ follow: news });
  const url = await door.app.listen({ port: 0, host: "127.0.0.1" });
  const answer = await fetch(`${url}/v1/events`);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader.read()).value).toBe("retry: 2000\n\n");
  await record(store, await created(store, "on-a-socket"), { notifications: [down] });
  const { value } = await reader.read();
  expect(value).toMatch(/^id: \d+\nevent: maintenance\.host\ndata: \{/);
  await door.close();
  expect((await reader.read()).done).toBe(true);
  await vi.waitFor(async () => expect(await whoeverListens()).toHaveLength(0));
});

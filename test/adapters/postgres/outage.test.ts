import { describe, expect, test } from "vitest";
import { connect } from "../../../src/adapters/postgres/connect.ts";
import { postgresStore } from "../../../src/adapters/postgres/store.ts";
import { inTransaction, tellingOutages } from "../../../src/adapters/postgres/transaction.ts";
import { testDatabase } from "../../support/database.ts";
import { aGate, aSession, created, NOON, record, snapshotOf } from "./support.ts";

const { db, pool } = await testDatabase();
const store = postgresStore(db);

const breakConnections = () =>
  pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  );

describe("a database that does not answer", () => {
  test("is told as such, with what was tried", async () => {
    const away = connect({
      url: "postgresql://nobody@127.0.0.1:1/nothing",
      applicationName: "test",
      onIdleError: () => {},
    });
    const unreachable = postgresStore(away.db);
    await expect(unreachable.sessions.remove(aSession().id, NOON)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(/^remove: .*ECONNREFUSED/),
    });
    await expect(unreachable.reports.list()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await away.close();
  });

  test("in the middle of a turn undoes the turn", async () => {
    const session = await created(store, "cut-1");
    const turn = store.sessions.inTurn(session.id, NOON, async (open) => {
      await breakConnections();
      await open.snapshot();
    });
    await expect(turn).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await record(store, session, { enter: { state: "SCALE_IN" } });
    expect((await snapshotOf(store, session)).entry).toMatchObject({ number: 2 });
  });

  test("is not confused with a defect", async () => {
    const broken = tellingOutages({
      ask: async () =>
        db
          .selectFrom("session")
          .select("nothing" as "id")
          .execute(),
    });
    await expect(broken.ask()).rejects.toMatchObject({ code: "42703" });
  });
});

test("two transactions that lock each other out are done again, and both end", async () => {
  const [a, b] = [await created(store, "dead-1"), await created(store, "dead-2")];
  const gates = [aGate(), aGate()] as const;
  const ended = [aGate(), aGate()] as const;
  let runs = 0;
  const lockBoth = async (first: string, second: string, mine: 0 | 1) => {
    const other = mine === 0 ? 1 : 0;
    await inTransaction(db, async (trx) => {
      runs++;
      // Whoever had to give way may be back before the other one has woken up, and they would meet once more.
      if (runs > 2) await ended[other].opened;
      await trx.selectFrom("session").select("id").where("id", "=", first).forUpdate().execute();
      gates[mine].open();
      await gates[other].opened;
      await trx.selectFrom("session").select("id").where("id", "=", second).forUpdate().execute();
    });
    ended[mine].open();
  };
  await Promise.all([lockBoth(a.id, b.id, 0), lockBoth(b.id, a.id, 1)]);
  expect(runs).toBe(3);
});

/**
 * Two sessions at once over members of one group, which their manager moves itself as soon as it is asked; workers are
 * killed meanwhile. The group allows one member to be away, and that holds across both sessions (invariant I2).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { expect, test } from "vitest";
import type { Service } from "../../demo/service.ts";
import { fenixAt } from "../../examples/client/fenix.ts";
import { tenant } from "../../src/simulator/tenant.ts";
import { testDatabase } from "../support/database.ts";
import { type CrashWorld, crashWorld } from "./world.ts";

const RECOVERY_SECONDS = 2;
const WITHIN_MS = 150_000;
const hosts = ["compute-1", "compute-2"];
const members = ["a", "b", "c", "d"].map((name, at) => ({ name, host: hosts[at % 2] ?? "", project: "shop" }));

const database = await testDatabase();

test(
  "one member at a time is away, whichever session asks and whichever worker is killed",
  async () => {
    const world = await crashWorld(
      { DATABASE_URL: database.url, QUEUE_BACKEND: "postgres" },
      {
        hosts: [...hosts, "compute-3", "compute-4"],
        controllers: ["controller-1"],
        projects: ["shop"],
        instances: members,
      },
      [],
    );
    const workers: Service[] = [await world.startWorker(), await world.startWorker()];
    try {
      const manager = await healer(world);
      const options = { own_action_seconds: 120, reply_seconds: 60 };
      const sessions = await Promise.all(
        hosts.map((host) => world.createSession({ workflow: "vnf", hosts: [host], options })),
      );
      const deadline = Date.now() + WITHIN_MS;
      for (let healed = 0; !(await areOver(world, sessions)); await sleep(200)) {
        if (Date.now() > deadline) throw new Error((await Promise.all(sessions.map(world.timeline))).join("\n\n"));
        await manager.answerAll();
        if (manager.healed() === healed) continue;
        // Right after a deed, when a session is about to see it, one of the workers dies; another one comes.
        healed = manager.healed();
        process.kill(workers.shift()?.pid ?? 0, "SIGKILL");
        workers.push(await world.startWorker());
      }
      const stories = (await Promise.all(sessions.map(world.timeline))).join("\n\n");
      expect(await Promise.all(sessions.map(world.state)), stories).toEqual(["MAINTENANCE_DONE", "MAINTENANCE_DONE"]);
      expect(manager.healed(), stories).toBe(members.length);
      const away = await absences();
      expect(away, stories).toHaveLength(members.length);
      for (const [at, { asked }] of away.slice(1).entries())
        expect(asked.getTime(), stories).toBeGreaterThanOrEqual((away[at]?.back ?? new Date(NaN)).getTime());
      for (const id of sessions) expect((await world.certificate(id)).violations, stories).toEqual([]);
    } finally {
      await Promise.all(workers.map((worker) => worker.stop()));
      await world.close();
    }
  },
  WITHIN_MS + 60_000,
);

const areOver = async (world: CrashWorld, sessions: readonly string[]): Promise<boolean> =>
  (await Promise.all(sessions.map(world.state))).every((state) => /^MAINTENANCE_(DONE|FAILED)$/.test(state));

/** A manager that re-creates an instance elsewhere as soon as it is asked about it. */
async function healer({ simulator, url }: CrashWorld) {
  const shop = tenant(simulator.cloud.world, "shop");
  const fenix = fenixAt({ url, projectId: shop.project.id });
  const group = "one-at-a-time";
  const declare = (id: string, name: string, replaces?: string) =>
    fenix.declareInstance({
      ...{ id, name, groupId: group, action: "OWN_ACTION", leadSeconds: 0, interruptionSecondsMax: 0 },
      ...(replaces !== undefined && { replaces }),
    });
  await fenix.declarePolling(true);
  await fenix.declareGroup({
    ...{ id: group, name: group, antiAffinity: false, perHostMax: 0 },
    ...{ impactedMax: 1, recoverySeconds: RECOVERY_SECONDS },
  });
  for (const { id, name } of shop.instances) await declare(id, name);
  const healed = new Set<string>();

  async function heal(id: string): Promise<void> {
    if (healed.has(id)) return;
    healed.add(id);
    const { id: successor } = shop.boot({ name: `successor-${healed.size}`, host: "compute-3" });
    await declare(successor, `successor-${healed.size}`, id);
    shop.delete(id);
  }

  return {
    healed: () => healed.size,
    async answerAll(): Promise<void> {
      for (const question of await fenix.openQuestions()) {
        const own = question.allowedActions.includes("OWN_ACTION");
        const instances = own ? await fenix.instancesOf(question) : [];
        await fenix.reply(question, { answer: "ACK", actions: new Map(instances.map((id) => [id, "OWN_ACTION"])) });
        for (const id of instances) await heal(id);
      }
    },
  };
}

/** From the question about each member until it has recovered, by what both sessions have recorded. */
async function absences(): Promise<readonly { readonly asked: Date; readonly back: Date }[]> {
  const { rows } = await sql<{ asked: Date; back: Date }>`
    select question.asked_at as asked, effect.ended_at + make_interval(secs => ${RECOVERY_SECONDS}) as back
    from effect
    join question on question.session_id = effect.session_id and question.entry = effect.entry
      and question.instance_id = effect.payload ->> 'instance' and effect.subject = question.instance_id || '#' || question.round
    where effect.kind = 'note_own_action'
    order by question.asked_at
  `.execute(database.db);
  return rows;
}

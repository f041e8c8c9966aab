/** A sample manager that is started when it has been asked already. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Manager, type ManagerEvent, startManager } from "../../examples/manager/manager.ts";
import { credentials, type FakeWorld, fakeWorld, notice, openQuestion } from "./fake-world.ts";

let world: FakeWorld;
let manager: Manager | undefined;
let events: ManagerEvent[];

beforeEach(async () => {
  world = await fakeWorld();
  events = [];
  const kind = { flavor: { id: "small" }, image: { id: "tiny" } as const, metadata: {} };
  for (const name of ["web-1", "web-2", "web-3", "web-4"])
    world.servers.push({ id: name, name, status: "ACTIVE", ...kind });
});
afterEach(async () => {
  await manager?.close();
  manager = undefined;
  await world.close();
});

async function start(): Promise<void> {
  const onEvent = (event: ManagerEvent) => void events.push(event);
  manager = await startManager({ fenixUrl: world.url, credentials: credentials(world), onEvent });
}

async function post(body: object): Promise<void> {
  const { status } = await fetch(manager!.callbackUrl, { method: "POST", body: JSON.stringify(body) });
  expect(status).toBe(200);
}

const replied = (count: number) => expect.poll(() => world.replies.length, { timeout: 5_000 }).toBe(count);

describe("what was asked before it was started", () => {
  const token = "?token=known-to-the-posted-one-alone";

  test("is answered, and once more where it is posted as well, but acted on once", async () => {
    world.open.push(openQuestion(world, "SCALE_IN"));
    await start();
    await replied(1);
    const { reply_url } = openQuestion(world, "SCALE_IN");
    await post(notice(world, "SCALE_IN", { reply_url: reply_url + token }));
    await replied(2);
    expect(world.replies.map(({ body }) => body["state"])).toEqual(["ACK_SCALE_IN", "ACK_SCALE_IN"]);
    expect(world.servers).toHaveLength(3);
  });

  test("does not stand for the next question of that kind", async () => {
    world.open.push(openQuestion(world, "SCALE_IN"));
    await start();
    for (const [index, message_id] of ["the first", "the second"].entries()) {
      await post(notice(world, "SCALE_IN", { message_id }));
      await replied(index + 2);
    }
    expect(world.servers).toHaveLength(2);
  });

  test("does not hold it up where it cannot be read", async () => {
    world.open.push({ state: "SCALE_IN" });
    await start();
    await post(notice(world, "MAINTENANCE"));
    await replied(1);
    expect(events).toContainEqual(expect.objectContaining({ kind: "trouble", doing: "what was asked before" }));
  });
});

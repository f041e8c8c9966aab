import { afterAll, expect, test } from "vitest";
import { readSnapshot } from "../../src/planner/format/read.ts";
import { Problem } from "../../src/problems.ts";
import { aSnapshot } from "../planner/check/a-plan.ts";
import { openDoor } from "./a-door.ts";

const doors: ReturnType<typeof openDoor>[] = [];
afterAll(async () => void (await Promise.all(doors.map((door) => door.close()))));

function opened(given: Parameters<typeof openDoor>[0]) {
  const door = openDoor(given);
  doors.push(door);
  return door;
}

test("the cloud is answered as a snapshot that can be read again", async () => {
  const snapshot = aSnapshot({
    groups: { web: {} },
    instances: { web: { host: "a", group: "web", allowed_hosts: ["a"] } },
  });
  const { send } = opened({ commands: { takeSnapshot: async () => snapshot } });
  const answer = await send({ url: "/v1/cloud" });
  expect(answer.statusCode).toBe(200);
  expect(readSnapshot(answer.json())).toEqual({ kind: "valid", value: snapshot });
});

test("a cloud that does not answer is a problem", async () => {
  const takeSnapshot = async () => Promise.reject(new Problem("CLOUD_UNAVAILABLE", "Nova does not answer"));
  const answer = await opened({ commands: { takeSnapshot } }).send({ url: "/v1/cloud" });
  expect([answer.statusCode, answer.json().code]).toEqual([503, "CLOUD_UNAVAILABLE"]);
});

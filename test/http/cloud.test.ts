import { afterAll, expect, test } from "vitest";
import { check } from "../../src/planner/check/check.ts";
import { readPlan, readSnapshot } from "../../src/planner/format/read.ts";
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

test("a plan comes with the cloud that it was made for, and both can be checked", async () => {
  const { send, asked } = opened({});
  const payload = {
    hosts: ["a"],
    objective: "makespan",
    max_hosts_at_once: 2,
    reserve: { vcpus: 1 },
    action_seconds: 60,
  };
  const answer = await send({ method: "POST", url: "/v1/maintenance/plan", payload });
  expect(answer.statusCode).toBe(200);
  const { plan, cloud } = answer.json();
  const [madeFor, made] = [readSnapshot(cloud), readPlan(plan)];
  if (madeFor.kind === "invalid" || made.kind === "invalid") throw new Error("what was answered cannot be read");
  expect(check(madeFor.value, made.value).violations).toEqual([]);
  expect(asked).toEqual([
    {
      command: "planMaintenance",
      request: {
        session: {
          ...{ hosts: ["a"], objective: "makespan", max_hosts_at_once: 2, max_hosts_at_once_per_zone: null },
          ...{ max_moves_at_once: null, reserve: { vcpus: 1 }, window_seconds: null },
        },
        defaults: { action_seconds: 60, outbound_moves: 2, inbound_moves: 4 },
      },
    },
  ]);
});

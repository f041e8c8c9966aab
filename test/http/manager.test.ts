import { afterAll, expect, test } from "vitest";
import { openDoor, projectId } from "./a-door.ts";

const { send, close } = openDoor();
afterAll(close);
const url = `/v1/projects/${projectId}/manager`;
const put = (payload: object) => send({ method: "PUT", url, payload });

test("a manager declares that it looks by itself, and takes it back", async () => {
  const never = { project_id: projectId, polls: false, since: null };
  expect((await send({ url })).json()).toEqual(never);
  const since = "2026-11-25T08:00:00.000Z";
  expect((await put({ polls: true })).json()).toEqual({ project_id: projectId, polls: true, since });
  expect((await send({ url })).json()).toEqual({ project_id: projectId, polls: true, since });
  expect((await put({ polls: false })).json()).toEqual(never);
});

test.each([{}, { polls: "yes" }, { polls: null }])("%j is refused", async (body) => {
  expect((await put(body)).statusCode).toBe(422);
});

import { afterEach, beforeEach, expect, test } from "vitest";
import { guardedClient } from "../../src/adapters/outgoing/guarded-client.ts";
import { openDoor, projectId, unknownId } from "./a-door.ts";

let door: ReturnType<typeof openDoor>;
beforeEach(() => void (door = openDoor()));
afterEach(() => door.close());

const webhooks = "/v1/webhooks";
const url = "http://192.0.2.20:12348/maintenance";
const register = (payload: object) => door.send({ method: "POST", url: webhooks, payload });

test("a project's manager registers and hears of what its project is asked", async () => {
  const answer = await register({ project_id: projectId, url });
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({
    webhook_id: expect.stringMatching(/^00000000-0000-4000-8000-/),
    project_id: projectId,
    url,
    events: ["maintenance.scheduled"],
    created_at: "2026-11-25T08:00:00.000Z",
    format: "aodh",
    off: null,
    failing_since: null,
  });
});

test("an infrastructure service registers without a project and hears of hosts and sessions", async () => {
  expect((await register({ url })).json()).toMatchObject({
    project_id: null,
    events: ["maintenance.host", "maintenance.session"],
  });
});

test("a webhook of a project that would never be told is refused, and the answer says what to leave out", async () => {
  for (const type of ["maintenance.host", "maintenance.session"]) {
    const { code, field, detail } = (await register({ project_id: projectId, url, events: [type] })).json();
    expect([code, field]).toEqual(["BODY_INVALID", "events[0]"]);
    expect(detail).toContain("project_id must be left out");
  }
  expect(door.stored).toEqual([]);
});

test("events are kept once each, in the usual order", async () => {
  const events = ["maintenance.session", "maintenance.host", "maintenance.session"];
  expect((await register({ url, events })).json().events).toEqual(["maintenance.host", "maintenance.session"]);
});

test("registering again answers the same webhook, and something else another one", async () => {
  const first = (await register({ project_id: projectId, url })).json().webhook_id;
  expect((await register({ project_id: projectId, url, events: ["maintenance.scheduled"] })).json().webhook_id).toBe(
    first,
  );
  expect((await register({ project_id: "another", url })).json().webhook_id).not.toBe(first);
  expect((await register({ project_id: projectId, url: `${url}/2` })).json().webhook_id).not.toBe(first);
  expect((await register({ url })).json().webhook_id).not.toBe(first);
  expect(door.stored).toHaveLength(4);
});

test("registering one again that was switched off switches it on", async () => {
  const { webhook_id } = (await register({ project_id: projectId, url })).json();
  const off = { at: new Date("2026-11-25T07:59:00.000Z"), why: "the receiver answered 410: it is gone" };
  door.stored.splice(0, 1, { ...door.stored[0]!, off, failingSince: off.at });
  const seen = (await door.send({ url: `${webhooks}/${webhook_id}` })).json();
  expect([seen.off, seen.failing_since]).toEqual([
    { at: "2026-11-25T07:59:00.000Z", reason: off.why },
    "2026-11-25T07:59:00.000Z",
  ]);
  const again = { webhook_id, off: null, failing_since: null };
  expect((await register({ project_id: projectId, url })).json()).toMatchObject(again);
  expect((await door.send({ url: `${webhooks}/${webhook_id}` })).json()).toMatchObject(again);
});

test("a native webhook has a secret, which is shown once and can be changed", async () => {
  const native = { project_id: projectId, url, format: "cloudevents" };
  const added = (await register(native)).json();
  expect(added).toMatchObject({ format: "cloudevents", secret: expect.stringMatching(/^whsec_/) });
  const again = (await register(native)).json();
  expect(again).toEqual({ ...added, secret: undefined });
  const one = `${webhooks}/${added.webhook_id}`;
  for (const answer of [await door.send({ url: webhooks }), await door.send({ url: one })])
    expect(answer.body).not.toContain("whsec_");

  const changed = await door.send({ method: "POST", url: `${one}/secret` });
  expect(changed.json()).toEqual({
    webhook_id: added.webhook_id,
    secret: expect.stringMatching(/^whsec_/),
    old_secret_until: "2026-11-26T08:00:00.000Z",
  });
  expect(door.stored).toMatchObject([
    { format: { secret: changed.json().secret, oldSecret: { secret: added.secret } } },
  ]);
});

test("an AODH webhook has none, and is another one than a native at the same address", async () => {
  const first = (await register({ project_id: projectId, url })).json();
  expect(first.secret).toBeUndefined();
  const changed = await door.send({ method: "POST", url: `${webhooks}/${first.webhook_id}/secret` });
  expect([changed.statusCode, changed.json().code]).toEqual([409, "WEBHOOK_UNSIGNED"]);
  expect((await register({ project_id: projectId, url, format: "cloudevents" })).json().webhook_id).not.toBe(
    first.webhook_id,
  );
});

test("webhooks are listed, all or a project's, seen one by one, and removed", async () => {
  const mine = (await register({ project_id: projectId, url })).json();
  const admins = (await register({ url })).json();
  expect((await door.send({ url: `${webhooks}/` })).json()).toEqual({ webhooks: [mine, admins] });
  expect((await door.send({ url: `${webhooks}?project_id=${projectId}` })).json()).toEqual({ webhooks: [mine] });
  expect((await door.send({ url: `${webhooks}/${mine.webhook_id}` })).json()).toEqual(mine);

  const removed = await door.send({ method: "DELETE", url: `${webhooks}/${mine.webhook_id.toUpperCase()}` });
  expect([removed.statusCode, removed.json()]).toEqual([200, {}]);
  expect((await door.send({ url: webhooks })).json()).toEqual({ webhooks: [admins] });
});

test.each([
  ["GET", unknownId],
  ["DELETE", unknownId],
  ["GET", "1"],
  ["DELETE", "%00"],
  ["POST", `${unknownId}/secret`],
] as const)("%s /v1/webhooks/%s is 404", async (method, id) => {
  const answer = await door.send({ method, url: `${webhooks}/${id}` });
  expect([answer.statusCode, answer.json().code]).toEqual([404, "WEBHOOK_NOT_FOUND"]);
});

test.each([
  "http://127.0.0.1:12348/maintenance",
  "http://localhost/",
  "http://[::1]/",
  "http://2130706433/",
  "http://169.254.169.254/latest/meta-data",
  "http://[::ffff:169.254.169.254]/",
  "http://0.0.0.0/",
  "http://10.0.0.1/",
])("%s is refused by field, unless the operator allows it", async (inside) => {
  const outgoing = guardedClient({ allow: [] });
  const guarded = openDoor({ receivers: outgoing });
  const answer = await guarded.send({ method: "POST", url: webhooks, payload: { project_id: projectId, url: inside } });
  expect([answer.statusCode, answer.json().code, answer.json().field]).toEqual([422, "BODY_INVALID", "url"]);
  expect(guarded.stored).toEqual([]);
  await guarded.close();
  await outgoing.close();
});

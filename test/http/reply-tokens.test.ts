/** A manager without Keystone credentials answers by the link that it was told, and that is all it can do. */
import { afterAll, describe, expect, test } from "vitest";
import { linksFrom } from "../../src/wire/links.ts";
import { replyTokens } from "../../src/wire/reply-token.ts";
import { now, openDoor, projectId, publicUrl, sessionId, unknownId } from "./a-door.ts";
import { guardedDoor } from "./personas.ts";

const tokens = replyTokens(["s".repeat(32)]);
const door = await guardedDoor({ replyTokens: tokens });
afterAll(door.close);

const replyBy = new Date(now.getTime() + 40_000);
const link = linksFrom(publicUrl, tokens)
  .question({ session: sessionId, project: projectId }, replyBy)
  .slice(publicUrl.length);
const search = link.slice(link.indexOf("?"));
const payload = { state: "ACK_MAINTENANCE" };

test("it reads what is asked and replies to this question", async () => {
  const view = await door.send({ url: link });
  expect([view.statusCode, view.json().project_id]).toEqual([200, projectId]);
  const answer = await door.send({ method: "PUT", url: link, payload });
  expect([answer.statusCode, answer.json()]).toEqual([200, payload]);
  expect(door.asked.at(-1)).toMatchObject({
    command: "recordReply",
    request: { session: sessionId, project: projectId, question: { replyBy } },
  });
});

describe("it opens nothing else", () => {
  test.each([
    `/v1/maintenance/${unknownId}/${projectId}${search}`,
    `/v1/maintenance/${sessionId}/bank${search}`,
    `/v1/maintenance/${sessionId}${search}`,
    `/v1/maintenance/${sessionId}/detail${search}`,
    `/v1/maintenance/${sessionId}/timeline${search}`,
    `/v1/webhooks${search}&project_id=${projectId}`,
    `${link}x`,
    `${link}&token=again`,
    `/v1/maintenance/${sessionId}/${projectId}?token=`,
  ])("GET %s", async (url) => {
    const answer = await door.send({ url });
    expect([answer.statusCode, answer.json().code]).toEqual([401, "TOKEN_NEEDED"]);
  });

  test("nor its own link after the deadline", async () => {
    const late = linksFrom(publicUrl, tokens).question(
      { session: sessionId, project: projectId },
      new Date(now.getTime() - 1),
    );
    const answer = await door.send({ method: "PUT", url: late.slice(publicUrl.length), payload });
    expect([answer.statusCode, answer.json().code]).toEqual([401, "TOKEN_NEEDED"]);
  });
});

test("who shows a token of Keystone is taken for whom it names, whatever the link says", async () => {
  const answer = (who: "wrong_token" | "reader" | "member") =>
    door.send({ method: "PUT", url: link, payload, headers: door.header(who) });
  expect((await answer("wrong_token")).statusCode).toBe(401);
  expect((await answer("reader")).statusCode).toBe(403);
  expect((await answer("member")).statusCode).toBe(200);
  expect(door.asked.at(-1)).toMatchObject({ request: { question: null } });
});

test("where Fenix gives no reply tokens none is taken", async () => {
  const without = await guardedDoor();
  expect((await without.send({ url: link })).statusCode).toBe(401);
  await without.close();
});

test("a token is not written to the log, not even when something breaks", async () => {
  const lines: string[] = [];
  const broken = openDoor({
    commands: { recordReply: () => Promise.reject(new Error("broken")) },
    log: (line) => void lines.push(line),
  });
  expect((await broken.send({ method: "PUT", url: link, payload })).statusCode).toBe(500);
  expect(lines.join("")).toContain("request failed");
  expect(lines.join("")).not.toContain(search.slice("?token=".length));
  await broken.close();
});

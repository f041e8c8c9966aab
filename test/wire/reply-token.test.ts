import { describe, expect, test } from "vitest";
import { InstanceId, ProjectId, SessionId } from "../../src/domain/ids.ts";
import { linksFrom } from "../../src/wire/links.ts";
import { REPLY_TOKEN_LENGTH, replyTokens } from "../../src/wire/reply-token.ts";

const [old, fresh] = ["o".repeat(32), "f".repeat(32)];
const place = {
  session: SessionId.parse("76e55df8-1c51-41e8-9928-0242ac110002"),
  project: ProjectId.parse("ead0dbcaf3564cbbb04842e3e54960e3"),
};
const replyBy = new Date("2026-11-25T08:00:40.123Z");
const tokens = replyTokens([fresh]);
const token = tokens.issue(place, replyBy);

test("a token is good for its place until its deadline", () => {
  expect(tokens.read(token, place, new Date("2026-11-25T08:00:00Z"))).toEqual({ replyBy });
  expect(tokens.read(token, place, replyBy)).toEqual({ replyBy });
  expect(tokens.read(token, place, new Date(replyBy.getTime() + 1))).toBeNull();
});

describe("it is good for nothing else", () => {
  const now = new Date("2026-11-25T08:00:00Z");
  const later = (replyBy.getTime() + 3_600_000).toString(36);
  test.each([
    {
      what: "another session",
      token,
      at: { ...place, session: SessionId.parse("11111111-2222-4333-8444-555555555555") },
    },
    { what: "another project", token, at: { ...place, project: ProjectId.parse("bank") } },
    { what: "an instance", token, at: { ...place, instance: InstanceId.parse("web-1") } },
    { what: "a later deadline", token: token.replace(/^\w+/, later), at: place },
    { what: "another signature", token: `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`, at: place },
    { what: "another secret", token: replyTokens([old]).issue(place, replyBy), at: place },
    { what: "half of it", token: token.slice(0, -1), at: place },
    { what: "nothing", token: "", at: place },
    { what: "noise", token: `${"z".repeat(500)}.${"é".repeat(22)}`, at: place },
  ])("$what", ({ token, at }) => {
    expect(tokens.read(token, at, now)).toBeNull();
  });
});

test("secrets are exchanged one after the other", () => {
  const both = replyTokens([fresh, old]);
  const now = new Date("2026-11-25T08:00:00Z");
  expect(both.read(replyTokens([old]).issue(place, replyBy), place, now)).toEqual({ replyBy });
  expect(tokens.read(both.issue(place, replyBy), place, now)).toEqual({ replyBy });
});

test("links with tokens stay within what an event alarm carries, for the longest project id", () => {
  const longest = ProjectId.parse("p".repeat(64));
  const base = `https://${"h".repeat(80)}`;
  const { project, question } = linksFrom(base, tokens);
  const link = question({ ...place, project: longest }, replyBy);
  expect(link.length).toBeLessThanOrEqual(255);
  expect(link.length - project(place.session, longest).length).toBeLessThanOrEqual(REPLY_TOKEN_LENGTH);
  expect(() => linksFrom(`${base}hh`, tokens)).toThrow("links carry reply tokens");
  expect(linksFrom(base).question({ ...place, project: longest }, replyBy)).toBe(project(place.session, longest));
});

test("the link of one instance is longer, and good for that instance alone", () => {
  const at = { ...place, instance: InstanceId.parse("109e14d9-6566-42b3-93e4-76605f264d8f") };
  const link = new URL(linksFrom(`https://${"h".repeat(80)}`, tokens).question(at, replyBy));
  expect(link.pathname).toBe(`/v1/maintenance/${at.session}/${at.project}/${at.instance}`);
  expect(link.href.length).toBeLessThanOrEqual(255);
  expect(tokens.read(link.searchParams.get("token") ?? "", at, replyBy)).toEqual({ replyBy });
  expect(tokens.read(link.searchParams.get("token") ?? "", place, replyBy)).toBeNull();
});

import { afterEach, expect, test } from "vitest";
import { aJournal, close, open, parts } from "../verify/a-journal.ts";
import { type FakeFenix, fakeFenix, id } from "./fake-fenix.ts";
import { fenix } from "./fenix.ts";

let server: FakeFenix;
afterEach(async () => server?.close());

/** The journal comes in pages of ten. */
async function verify(entries: ReturnType<typeof aJournal>, argv: readonly string[] = []) {
  const pages = Array.from({ length: Math.ceil(entries.length / 10) + 1 }, (_, page) => {
    const after = Math.min(page * 10, entries.length);
    const some = entries.slice(after, after + 10);
    const body = { entries: some, next: some.at(-1)?.number ?? after };
    return [`GET /v1/maintenance/${id}/timeline?after=${after}&limit=1000`, [{ body }]] as const;
  });
  server = await fakeFenix(Object.fromEntries(pages));
  return fenix(["verify", id, ...argv], { env: { FENIX_URL: server.url } });
}

test("a certificate says what was judged and what a journal cannot show", async () => {
  const { code, out, err } = await verify(aJournal());
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatchInlineSnapshot(`
    "session 695030ee-1c4d-41e8-a9b0-0242ac110002: certified, by 25 journal entries
    INVARIANT  VERDICT    WHAT
    I1         holds      1 host actions ran on closed and empty compute hosts
    I2         holds      0 moves of members of groups with a budget, at most 0 of one group impacted at once by this session (not judged: the journal does not tell the members and limits of instance groups)
    I3         holds      1 host actions ran once per visit
    I4         holds      1 hosts that the session closed are open again or in its report
    I5, I6     holds      1 questions and 1 replies: each reply counted if and only if it answered in time
    I7         holds      1 moves went to hosts that were open and not under maintenance
    I8         holds      0 moves found room at their destinations (not judged: the journal does not tell capacity and demand)
    I9         holds      0 moves of members of anti-affinity groups kept them apart (not judged: the journal does not tell the members of instance groups)
    I10        holds      1 moves and 1 host actions began after their announced time or with a yes (not judged: the journal does not tell recovery times)
    I11        holds      4 stays in states follow each other, no late worker wrote
    I13        holds      25 entries are numbered without a gap, 5 effects recorded and ended once
    I14        holds      at most 1 of 1 compute hosts were in maintenance at once, 1 of 1 moves left one host
    I15        holds      after 0 failures nothing new began, and nothing was left under way
    I2         not shown  members that other sessions move are in the journals of those
    I12        not shown  the journal does not tell what each reader was answered
    "
  `);
});

test("violations are listed, and the exit code is 1", async () => {
  const { code, out, err } = await verify(aJournal({ open: [] }));
  expect({ code, err }).toEqual({ code: 1, err: "fenix: 1 violations\n" });
  expect(out).toContain("violated, by 22 journal entries");
  expect(out).toMatch(/^22 +I4 +a +the session ended with a closed by it, and its report does not say why$/m);
});

test("programs get the same", async () => {
  const { code, out } = await verify(aJournal({ close: [], open: open(120, 3, "a") }), ["--json"]);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    session_id: id,
    holds: false,
    violations: [
      { invariant: "I1", entry: 15, subject: "a" },
      { invariant: "I4", entry: 19, subject: "a" },
    ],
  });
});

test("a session under way is judged so far", async () => {
  const { code, out } = await verify(
    aJournal({ done: [], ended: [], maintained: [...parts.maintained, ...close(123, 3, "b")] }),
  );
  expect(code).toBe(0);
  expect(out).toContain("certified, so far: it has not ended");
});

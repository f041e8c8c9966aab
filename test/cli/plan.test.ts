import { afterEach, describe, expect, test } from "vitest";
import { aPlan, aSnapshot, sealed } from "../planner/check/a-plan.ts";
import { type FakeFenix, fakeFenix } from "./fake-fenix.ts";
import { fenix } from "./fenix.ts";

let server: FakeFenix | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

describe("snapshot", () => {
  const live = aSnapshot({ session: { hosts: [] } });

  async function snapshot(argv: readonly string[], body: unknown = live) {
    server = await fakeFenix({ "GET /v1/cloud": [{ body }] });
    return fenix(["snapshot", ...argv], { env: { FENIX_URL: server.url } });
  }

  test("prints the live cloud with the hosts that are meant", async () => {
    const { code, out } = await snapshot(["--hosts", "b,c", "--host", "a"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ ...live, session: { ...live.session, hosts: ["a", "b", "c"] } });
  });

  test("names hosts that the cloud does not have", async () => {
    expect(await snapshot(["--hosts", "b,x"])).toEqual({ code: 1, out: "", err: "fenix: the cloud has no host x\n" });
  });

  test("does not print what is no snapshot", async () => {
    const { code, err } = await snapshot([], { version: 2 });
    expect([code, err]).toEqual([3, "fenix: Fenix answers, but not with a cloud snapshot\n"]);
  });
});

describe("plan", () => {
  const cloud = aSnapshot({ instances: { web: { host: "a" }, db: { host: "b" } }, session: { hosts: ["a"] } });
  /** No host has room for `big`, and none can be cleared for it. */
  const full = aSnapshot({
    instances: {
      big: { host: "a", demand: { vcpus: 8 } },
      x: { host: "b", demand: { vcpus: 5 } },
      y: { host: "c", demand: { vcpus: 5 } },
    },
    session: { hosts: ["a"] },
  });
  const offline = (argv: readonly string[] = [], given: unknown = cloud) =>
    fenix(["plan", "--cloud", "-", ...argv], { files: { "-": JSON.stringify(given) } });

  test("offline, from a file", async () => {
    const { code, out, err } = await offline();
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("Hosts   1 in 1 wave\n");
    expect(out).toMatch(/^a +1 +0:00:00 +0:00:10 +0:00:10 +0:01:50 +1$/m);
    expect(out).toContain("Checked: the plan keeps every rule.\n");
  });

  test("what is printed as JSON is a plan that can be checked", async () => {
    const { out } = await offline(["--json"]);
    const files = { cloud: JSON.stringify(cloud), plan: out };
    expect(await fenix(["check", "plan", "--cloud", "cloud"], { files })).toMatchObject({ code: 0, err: "" });
  });

  test("what is typed goes over the file", async () => {
    const argv = ["--hosts", "a,b", "--objective", "moves", "--hosts-at-once", "1", "--action-seconds", "7", "--json"];
    const made = JSON.parse((await offline(argv)).out);
    expect(made).toMatchObject({ objective: "moves", lower_bound: { operator_limit: 14 } });
    expect(made.hosts).toHaveLength(2);
  });

  test("a host that cannot be planned is named with its reason, and the exit code is 1", async () => {
    const { code, out, err } = await offline([], full);
    expect({ code, err }).toEqual({ code: 1, err: "fenix: 1 hosts cannot be planned\n" });
    expect(out).toMatch(/^BLOCKED +WHY\na +\S/m);
  });

  test("the price list says what more room would save", async () => {
    const { code, out } = await offline(["--what-if"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^WHAT IF +TAKES +DIFFERENCE +BOUND +MOVES +BLOCKED\nas it is +1 min 50 s +- +/);
    expect(out).toMatch(/^1 spare host +/m);
  });

  test("for the live cloud Fenix plans", async () => {
    const answer = { plan: aPlan(cloud), cloud };
    server = await fakeFenix({ "POST /v1/maintenance/plan": [{ body: answer }] });
    const argv = ["plan", "--host", "a", "--objective", "makespan", "--moves-at-once", "3", "--window", "900"];
    const { code, out } = await fenix(argv, { env: { FENIX_URL: server.url } });
    expect(server.asked[0]?.body).toEqual({
      hosts: ["a"],
      objective: "makespan",
      max_moves_at_once: 3,
      window_seconds: 900,
    });
    expect([code, out.includes("Checked: the plan keeps every rule.")]).toEqual([0, true]);
    expect(out).toContain(`\nTo begin by it: fenix session create --plan ${answer.plan.digest} --at now\n`);
  });

  test("a plan that breaks a rule is not passed over, whoever made it", async () => {
    const broken = sealed({ ...aPlan(cloud), moves: [] });
    server = await fakeFenix({ "POST /v1/maintenance/plan": [{ body: { plan: broken, cloud } }] });
    const { code, err } = await fenix(["plan"], { env: { FENIX_URL: server.url } });
    expect([code, err]).toEqual([1, "fenix: the plan breaks 1 times a rule\n"]);
  });

  test.each([
    { argv: ["--objective", "fast"], says: '"fast" is none of makespan, moves, balanced' },
    { argv: ["--hosts-at-once", "0"], says: "--hosts-at-once 0: a whole number of at least 1 is needed" },
    { argv: ["--window", "1h"], says: "--window 1h: a whole number of at least 0 is needed" },
  ])("$argv is typed wrongly", async ({ argv, says }) => {
    expect(await offline(argv)).toEqual({ code: 2, out: "", err: `fenix: ${says}\n` });
  });

  test("a host that the file does not have", async () => {
    expect(await offline(["--host", "x"])).toEqual({ code: 1, out: "", err: "fenix: the cloud has no host x\n" });
  });
});

describe("check", () => {
  const cloud = aSnapshot({
    hosts: { a: { outbound_moves: 2 } },
    instances: { web: { host: "a" }, db: { host: "a", project: "bank" } },
    session: { hosts: ["a", "b"] },
  });
  const plan = aPlan(cloud, {
    moves: [
      ["web", "a", "b", 0],
      ["db", "a", "c", 0],
    ],
    blocked: ["b"],
  });
  const files = { cloud: JSON.stringify(cloud), plan: JSON.stringify(plan) };
  const checked = (given: Readonly<Record<string, string>> = files, argv: readonly string[] = []) =>
    fenix(["check", "plan", "--cloud", "cloud", ...argv], { files: given });

  test("a plan that keeps every rule is shown, offline", async () => {
    const { code, out, err } = await checked();
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.replace(plan.digest, "sha256:…")).toMatchInlineSnapshot(`
      "Plan    sha256:…
      Hosts   1 in 1 wave; 1 cannot be planned
      Moves   2, 1.00 for each instance that has to leave
      Takes   1 min 50 s; begun now it is done by 2026-11-25 08:03 UTC
      Bound   1 min 50 s, by the host that takes longest: the plan is 1.00 times that
      Tight   1 min 50 s, as hosts are not divisible and groups need places: the plan is 1.00 times that
      Closed  44 s, for planners that close a host when its drain starts: the plan is 2.50 times that

      WAVE  FROM     UNTIL    HOSTS  MOVES
      1     0:00:00  0:01:50  1      2

      HOST  WAVE  DRAIN    EMPTY    ACTION   BACK     MOVES
      a     1     0:00:00  0:00:10  0:00:10  0:01:50  2

      INSTANCE  PROJECT  FROM  TO  START    END
      db        bank     a     c   0:00:00  0:00:10
      web       shop     a     b   0:00:00  0:00:10

      PROJECT ASKED  INSTANCES  MOVES  FIRST    LAST
      bank           1          1      0:00:00  0:00:10
      shop           1          1      0:00:00  0:00:10

      BLOCKED  WHY
      b        a reason

      Checked: the plan keeps every rule.
      "
    `);
  });

  test("a plan that breaks a rule is refused, with every violation", async () => {
    const broken = sealed({ ...plan, moves: plan.moves.slice(1) });
    const { code, out, err } = await checked({ ...files, plan: JSON.stringify(broken) });
    expect({ code, err }).toEqual({ code: 1, err: "fenix: 1 violations\n" });
    expect(out).toContain(
      "Checked: the plan breaks 1 times a rule.\nRULE   SECOND  WHAT\nempty  10      a is called empty, and has 1 instances\n",
    );
  });

  test("programs get violations and summary", async () => {
    const { out } = await checked(files, ["--json"]);
    expect(JSON.parse(out)).toMatchObject({ violations: [], summary: { hosts: 1, moves: 2, moves_per_instance: 1 } });
  });

  test("what another release added to a plan belongs to its digest", async () => {
    const more = { ...plan, remark: "by somebody else" };
    const { out } = await checked({ ...files, plan: JSON.stringify(more) });
    expect(out).toContain("digest");
  });

  test.each([
    { name: "no JSON", given: { plan: "{" }, code: 1, says: /^fenix: plan is not JSON: / },
    { name: "no plan", given: { plan: "{}" }, code: 1, says: /^fenix: plan is not acceptable\n {2}version: / },
    {
      name: "no snapshot",
      given: { cloud: JSON.stringify({ ...cloud, session: { hosts: ["x"] } }) },
      code: 1,
      says: /^fenix: cloud is not acceptable\n {2}session\.hosts\[0\]: no host x in hosts\n$/,
    },
  ])("$name: refused, naming what is wrong", async ({ given, code, says }) => {
    const outcome = await checked({ ...files, ...given });
    expect([outcome.code, outcome.out]).toEqual([code, ""]);
    expect(outcome.err).toMatch(says);
  });

  test("a file that is not there", async () => {
    const { code, err } = await checked({});
    expect([code, err]).toEqual([2, "fenix: cannot read cloud: no file cloud\n"]);
  });
});

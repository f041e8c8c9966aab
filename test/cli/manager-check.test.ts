/** `fenix manager check` against managers that are right, and against managers that are wrong in one way each. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { freePort } from "../../demo/service.ts";
import { fenixAt } from "../../examples/client/fenix.ts";
import { startManager } from "../../examples/manager/manager.ts";
import type { Report } from "../../src/rehearsal/rehearse.ts";
import { fakeWorld } from "../examples/fake-world.ts";
import { aManager, type Ways, yes } from "./a-manager.ts";
import { fenix } from "./fenix.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const QUICK = ["--reply-seconds", "2", "--answer-seconds", "0.5", "--settle-seconds", "0.1"];

async function check(ways: Ways, ...args: readonly string[]) {
  const manager = await aManager(ways);
  stops.push(manager.close);
  const outcome = await fenix(["manager", "check", manager.url, ...QUICK, ...args]);
  return { ...outcome, url: manager.url };
}

test("a manager that does everything right conforms", async () => {
  // Long enough for the second reply to a message that comes twice to belong to its own scene.
  const { code, out, err, url } = await check({}, "--settle-seconds", "0.6", "--reply-seconds", "40");
  expect({ code, err }).toEqual({
    code: 0,
    err: expect.stringMatching(/^Fenix is played at http:\/\/127.0.0.1:\d+\n$/),
  });
  const seen = out
    .replaceAll(/\d+\.\d s/g, "0.1 s")
    .replace(url, "URL")
    .replaceAll(/ +\n/g, "\n");
  expect(seen).toMatchInlineSnapshot(`
    "URL: conforms
    SCENE                                                           VERDICT  HEARD
    a maintenance is announced                                      right    ACK_MAINTENANCE after 0.1 s
    the announcement comes once more                                right    ACK_MAINTENANCE after 0.1 s; ACK_MAINTENANCE after 0.1 s
    there is no room                                                right    ACK_SCALE_IN after 0.1 s
    there is still no room                                          right    ACK_SCALE_IN after 0.1 s
    all instances in one question (workflow default)                right    ACK_PREPARE_MAINTENANCE MIGRATE after 0.1 s
    each instance in a question of its own, at once (workflow vnf)  right    ACK_PLANNED_MAINTENANCE MIGRATE after 0.1 s; ACK_PLANNED_MAINTENANCE MIGRATE after 0.1 s; ACK_PLANNED_MAINTENANCE MIGRATE after 0.1 s
    the instances have been moved                                   right    -
    only LIVE_MIGRATE is offered                                    right    ACK_PLANNED_MAINTENANCE LIVE_MIGRATE after 0.1 s
    a message arrives twice at the same moment                      right    ACK_PREPARE_MAINTENANCE MIGRATE after 0.1 s; ACK_PREPARE_MAINTENANCE MIGRATE after 0.1 s
    Fenix cannot keep the first reply                               right    ACK_PLANNED_MAINTENANCE MIGRATE after 0.1 s, failed; ACK_PLANNED_MAINTENANCE MIGRATE after 0.1 s
    a question arrives after its time                               right    ACK_PLANNED_MAINTENANCE MIGRATE after 0.1 s, late
    everything is back                                              right    ACK_MAINTENANCE_COMPLETE after 0.1 s
    an old message comes again                                      right    ACK_PREPARE_MAINTENANCE MIGRATE after 0.1 s; ACK_PREPARE_MAINTENANCE MIGRATE after 0.1 s
    "
  `);
});

const put = (url: string, body: object) =>
  fetch(url, { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

let times = 0;

const wrongManagers: readonly {
  readonly title: string;
  readonly ways: Ways;
  readonly kinds: readonly string[];
  readonly text: RegExp;
}[] = [
  {
    title: "answers 500",
    ways: { answer: (response) => void response.writeHead(500).end() },
    kinds: ["not_taken"],
    text: /^MAINTENANCE: was answered 500/,
  },
  {
    title: "hangs",
    ways: { answer: () => {}, reply: async () => {} },
    kinds: ["not_taken"],
    text: /^MAINTENANCE: was not answered within 0.5 s: answer at once/,
  },
  {
    title: "sends elsewhere",
    ways: { answer: (response) => void response.writeHead(307, { location: "http://127.0.0.1:1/" }).end() },
    kinds: ["not_taken"],
    text: /answered 307, and redirects are not followed/,
  },
  {
    title: "says nothing",
    ways: { reply: async () => {} },
    kinds: ["silent"],
    text: / said to MAINTENANCE within 2 s$/,
  },
  {
    title: "says nothing to SCALE_IN",
    ways: { reply: async (notice, right, it) => (notice.state === "SCALE_IN" ? undefined : it.reply(notice, right)) },
    kinds: ["silent"],
    text: / said to SCALE_IN within 2 s$/,
  },
  {
    title: "replies twice differently",
    ways: {
      reply: async (notice, right, it) => {
        await it.reply(notice, right);
        if (notice.state === "MAINTENANCE") await it.reply(notice, { answer: "NACK", reason: "changed my mind" });
      },
    },
    kinds: ["contradicts_itself"],
    text: /^said ACK_MAINTENANCE to MAINTENANCE, and then NACK_MAINTENANCE \(changed my mind\)$/,
  },
  {
    title: "decides anew when a message comes twice",
    ways: {
      reply: async (notice, right, it) => {
        times += 1;
        const instances = right.answer === "ACK" ? [...right.actions.keys()] : [];
        const offered = notice.allowedActions;
        await it.reply(notice, yes(instances, offered[times % offered.length]));
      },
    },
    kinds: ["contradicts_itself"],
    text: /^said ACK_PREPARE_MAINTENANCE (\w+) to PREPARE_MAINTENANCE for [\w-]+, and then ACK_PREPARE_MAINTENANCE (?!\1)/,
  },
  {
    title: "makes its links itself",
    ways: {
      reply: async (notice, right, it) => {
        await it.reply({ ...notice, replyUrl: notice.replyUrl.split("?")[0] ?? "" }, right);
      },
    },
    kinds: ["wrong_link"],
    text: /^sent ACK_MAINTENANCE to \/v1\/maintenance\/[\w-]+\/\w+, which no question gave as reply_url$/,
  },
  {
    title: "replies to another host",
    ways: {
      reply: async ({ replyUrl, state }) => {
        await put(`${new URL(replyUrl).origin}/v1/maintenance/a/b`, { state: `ACK_${state}` });
      },
    },
    kinds: ["silent", "wrong_link"],
    text: /^sent ACK_MAINTENANCE to \/v1\/maintenance\/a\/b, which/,
  },
  {
    title: "forgets an instance",
    ways: {
      reply: async (notice, right, it) => {
        const actions = right.answer === "ACK" ? [...right.actions].slice(0, 2) : [];
        await it.reply(notice, { answer: "ACK", actions: new Map(actions) });
      },
    },
    kinds: ["instance_forgotten"],
    text: /^ACK_PREPARE_MAINTENANCE names no action for [\w-]+, one of MIGRATE, LIVE_MIGRATE, OWN_ACTION$/,
  },
  {
    title: "knows one action only",
    ways: {
      reply: async (notice, right, it) =>
        it.reply(notice, yes(right.answer === "ACK" ? [...right.actions.keys()] : [], "MIGRATE")),
    },
    kinds: ["action_not_offered"],
    text: /^MIGRATE for [\w-]+ is none of LIVE_MIGRATE$/,
  },
  {
    title: "gives up when Fenix fails",
    ways: {
      reply: async (notice, right) => {
        const actions = right.answer === "ACK" ? Object.fromEntries(right.actions) : {};
        await put(notice.replyUrl, { state: `ACK_${notice.state}`, instance_actions: actions });
      },
    },
    kinds: ["gave_up"],
    text: /^its reply to PLANNED_MAINTENANCE was answered 503 and not sent again/,
  },
  {
    title: "says the same to everything",
    ways: { reply: async ({ replyUrl }) => void (await put(replyUrl, { state: "ACK_MAINTENANCE" })) },
    kinds: ["out_of_turn"],
    text: /^replied ACK_MAINTENANCE to the link of SCALE_IN$/,
  },
  {
    title: "speaks another language",
    ways: { reply: async ({ replyUrl }) => void (await put(replyUrl, { answer: "yes" })) },
    kinds: ["silent", "unfit"],
    text: /^replied \{"answer":"yes"\}, which Fenix refuses: .*state/s,
  },
];

test.each(wrongManagers)("a manager that $title does not conform", async ({ ways, kinds, text }) => {
  const { code, out, err } = await check(ways, "--json");
  const { conforms, scenes } = JSON.parse(out) as Report;
  const faults = scenes.flatMap((scene) => scene.faults);
  expect({ code, conforms, kinds: [...new Set(faults.map(({ kind }) => kind))].toSorted() }).toEqual({
    code: 1,
    conforms: false,
    kinds,
  });
  expect(faults.map((fault) => fault.text)).toContainEqual(expect.stringMatching(text));
  expect(err).toMatch(/fenix: \d+ faults?\n$/);
});

test("where nobody is, little is played", async () => {
  const url = `http://127.0.0.1:${await freePort()}/`;
  const { code, out } = await fenix(["manager", "check", url, ...QUICK]);
  expect(code).toBe(1);
  expect(out).toContain(`${url}: does not conform`);
  expect(out).toContain("MAINTENANCE: did not arrive: ECONNREFUSED");
  expect(out.match(/ not played /g)).toHaveLength(10);
});

test("a no is not wrong", async () => {
  const { code, out } = await check({
    reply: async (notice, _, it) => it.reply(notice, { answer: "NACK", reason: "in a match" }),
  });
  expect(code).toBe(0);
  expect(out).toContain("NACK_SCALE_IN (in a match) after");
});

test("it asks about the project and the instances that are named", async () => {
  const heard = new Set<string>();
  const { code, out } = await check(
    {
      reply: async (notice, right, it) => {
        heard.add(notice.projectId);
        for (const instance of await it.instancesOf(notice)) heard.add(instance);
        await it.reply(notice, right);
      },
    },
    ...["--project", "shop", "--instance", "web-1", "--instance", "web-2", "--json"],
  );
  expect({ code, heard: [...heard].toSorted() }).toEqual({ code: 0, heard: ["shop", "web-1", "web-2"] });
  expect(JSON.parse(out)).toMatchObject({ project: "shop" });
});

test.each([
  ["ftp://127.0.0.1/", [], "must be an http or https URL"],
  ["http://127.0.0.1:1/", ["--instance", "web-1"], "two or more"],
  ["http://127.0.0.1:1/", ["--listen", "here"], "an address such as"],
  ["http://127.0.0.1:1/", ["--listen", "192.0.2.1:0"], "cannot listen there"],
  ["http://127.0.0.1:1/", ["--reply-seconds", "soon"], "0 to 3600 seconds"],
])("%s %j is typed wrongly", async (url, args, words) => {
  const { code, err } = await fenix(["manager", "check", url, ...args]);
  expect(code).toBe(2);
  expect(err).toContain(words);
});

test("what a manager declares at the rehearsal is checked", async () => {
  const port = await freePort();
  const checking = fenix(["manager", "check", "--listen", `127.0.0.1:${port}`, "--json", ...QUICK]);
  const manager = await aManager();
  stops.push(manager.close);
  const url = `http://127.0.0.1:${port}`;
  const it = fenixAt({ url, projectId: "shop" });
  await it.declarePolling(true);
  const { status } = await put(`${url}/v1/instance/web-1`, { instance_id: "web-1" });
  expect(status).toBe(422);
  await it.register(manager.url);
  const { code, out } = await checking;
  expect(code).toBe(1);
  const faults = (JSON.parse(out) as Report).scenes.flatMap((scene) => scene.faults);
  expect(faults).toMatchObject([
    { kind: "unfit", text: expect.stringMatching(/^sent \{"instance_id":"web-1"\}.*project_id/s) },
  ]);
});

test.each(["aodh", "cloudevents"] as const)(
  "the sample manager registers at the rehearsal for %s, and conforms",
  async (format) => {
    const port = await freePort();
    const world = await fakeWorld();
    stops.push(world.close);
    for (const name of ["web-1", "web-2", "web-3"])
      world.servers.push({
        id: name,
        name,
        status: "ACTIVE",
        flavor: { id: "small" },
        image: { id: "tiny" },
        metadata: {},
      });
    const checking = fenix(["manager", "check", "--listen", `127.0.0.1:${port}`, "--format", format, ...QUICK]);
    const domains = { userDomainName: "Default", projectDomainName: "Default" };
    const manager = await startManager({
      fenixUrl: `http://127.0.0.1:${port}`,
      hears: format === "aodh" ? "webhook" : "signed_webhook",
      credentials: {
        authUrl: `${world.url}/v3`,
        region: "one",
        as: { username: "shop", password: "secret", projectName: "shop", ...domains },
      },
    });
    const { code, out } = await checking;
    expect(out).toContain(`${manager.callbackUrl}: conforms`);
    expect(out.includes("somebody else sends messages (signatures)")).toBe(format === "cloudevents");
    expect(code).toBe(0);
    await manager.close();
    expect(world.servers).toHaveLength(3);
  },
);

test("a manager that takes what Fenix has not signed does not conform", async () => {
  const secret = `whsec_${Buffer.from("a secret for one test").toString("base64")}`;
  const { code, out } = await check({}, "--format", "cloudevents", "--secret", secret, "--json");
  expect(code).toBe(1);
  const faults = (JSON.parse(out) as Report).scenes.flatMap((scene) => scene.faults);
  expect(faults.map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
    "forgery_taken: took a message that was signed with another secret: answer 401 to it",
    "forgery_taken: took a message that was signed an hour ago: answer 401 to it",
  ]);
});

test.each([
  { args: ["--format", "cloudevents", "--secret", "opensesame"], says: "--secret must be whsec_ and Base64" },
  { args: ["--secret", "whsec_b2xk"], says: "--secret is for --format cloudevents" },
])("$args is refused", async ({ args, says }) => {
  const { code, err } = await check({}, ...args);
  expect([code, err]).toEqual([2, expect.stringContaining(says)]);
});

const hasPython = spawnSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 9))"]).status === 0;

test.skipIf(!hasPython)("the Python manager registers at the rehearsal, and conforms", async () => {
  const port = await freePort();
  const checking = fenix(["manager", "check", "--listen", `127.0.0.1:${port}`, ...QUICK]);
  const { PATH = "" } = process.env;
  const args = ["examples/manager.py", "--port", "0", "--project", "shop", "--fenix", `http://127.0.0.1:${port}`];
  const manager = spawn("python3", args, { env: { PATH }, stdio: "ignore" });
  stops.push(async () => {
    manager.kill();
    if (manager.exitCode === null && manager.signalCode === null) await once(manager, "exit");
  });
  const { code, out } = await checking;
  expect(out).toContain("conforms");
  expect(code).toBe(0);
});

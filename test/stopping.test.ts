/** A whole Fenix, API and worker, stops in bounded time, also when its database hangs in the middle of everything. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { pino } from "pino";
import { afterAll, expect, test } from "vitest";
import { freePort } from "../demo/service.ts";
import { readConfig } from "../src/config.ts";
import { startFenix } from "../src/wiring.ts";
import { testDatabase } from "./support/database.ts";

const { url: databaseUrl } = await testDatabase();

/** What docs/operating.md promises to supervisors, with which src/main.ts ends a process. */
const STOPS_WITHIN_MS = 20_000;

/** A way to the database on which nothing arrives any more, and nothing ends, once it is cut. */
async function wayTo(url: string) {
  const target = new URL(url);
  const folder = target.searchParams.get("host");
  const port = target.searchParams.get("port") ?? (target.port || "5432");
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = folder === null ? connect(Number(port), target.hostname) : connect(`${folder}/.s.PGSQL.${port}`);
    for (const socket of [near, far]) socket.on("error", () => {}).on("close", () => (near.destroy(), far.destroy()));
    near.pipe(far).pipe(near);
    sockets.push(near, far);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const user = target.searchParams.get("user") ?? target.username;
  const through = new URL(`postgresql://127.0.0.1:${(server.address() as AddressInfo).port}${target.pathname}`);
  through.username = user;
  through.password = target.password;
  return {
    url: through.href,
    cut: () => sockets.forEach((socket) => socket.unpipe().pause()),
    close: () => (server.close(), sockets.forEach((socket) => socket.destroy())),
  };
}

const way = await wayTo(databaseUrl);
afterAll(way.close);

test("it stops in time though its database hangs, and says what it left behind", async () => {
  const said: string[] = [];
  const settings = { DATABASE_URL: way.url, FENIX_AUTH: "none", FENIX_PORT: `${await freePort()}` };
  const log = pino({ level: "warn" }, { write: (line) => void said.push(line) });
  const fenix = await startFenix(readConfig(settings), { api: true, worker: true }, log);
  const following = await fetch(`${fenix.url}/v1/events`);
  way.cut();
  const asking = fetch(`${fenix.url}/v1/maintenance`).then(
    () => "answered",
    () => "cut off",
  );
  const began = performance.now();
  await fenix.stop();
  expect(performance.now() - began).toBeLessThan(STOPS_WITHIN_MS);
  expect(said.join()).toContain("did not close in time");
  expect(await asking).toBe("cut off");
  await following.text().catch(() => "cut off");
});

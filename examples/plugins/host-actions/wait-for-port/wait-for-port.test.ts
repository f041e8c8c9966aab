import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hostActionSuite, testHostAction } from "#sdk/testing";
import waitForPort from "./index.ts";

let server: Server;
let port: number;
beforeAll(async () => {
  server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => void server.close());

const suite = hostActionSuite(waitForPort, {
  examples: [{ name: "a port that is open", host: "127.0.0.1", metadata: () => ({ port }) }],
  refused: [
    { metadata: { port: 0 }, field: "port" },
    { metadata: { prot: 22 }, field: "prot" },
  ],
});
test.each(suite)("$name", ({ run }) => expect(run()).resolves.toBeUndefined());

test("it waits for a port that is closed, until its time is over", async () => {
  const metadata = { port: 1, timeout_seconds: 1 };
  const { output, error } = await testHostAction(waitForPort, { host: "127.0.0.1", metadata });
  expect(output).toContain("not yet: connect ECONNREFUSED");
  expect(error?.message).toBe("it took longer than 1 s");
});

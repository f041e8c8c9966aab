/** A receiver of webhooks on this machine, which keeps what it gets and answers as a test says. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll } from "vitest";

export interface Got {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** As it came, which is what signatures are about. */
  readonly text: string;
}

export interface TestReceiver {
  readonly url: string;
  readonly got: readonly Got[];
}

/** Listens until the file's tests have run. */
export async function aReceiver(answer: (response: ServerResponse) => unknown): Promise<TestReceiver> {
  const got: Got[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    got.push({ method: request.method, headers: request.headers, text: Buffer.concat(parts).toString() });
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/maintenance`, got };
}

/**
 * The hardware desk: Fenix calls it to have an empty host worked on, and tells it which host is down or back. It keeps
 * when it worked on which host by its own clock, so that the demo need not believe anybody that the host was empty.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface Work {
  readonly host: string;
  readonly from: Date;
  readonly until: Date;
}

export interface Desk {
  /** For the host action `http`, which fills in the host's name. */
  readonly workUrl: string;
  readonly works: readonly Work[];
  /** Notifications about hosts and the session so far. */
  readonly notifications: () => number;
  /** Asks this Fenix to be told, with the token of an admin. */
  listenTo(fenixUrl: string, token: string): Promise<void>;
  close(): Promise<void>;
}

/** How long the work on one host takes. */
const WORK_MS = 500;

export async function startDesk(): Promise<Desk> {
  const works: Work[] = [];
  let notifications = 0;
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://desk");
    const [, what, host] = pathname.split("/");
    if (what === "work" && host !== undefined) {
      const from = new Date();
      await sleep(WORK_MS);
      works.push({ host: decodeURIComponent(host), from, until: new Date() });
    } else if (what === "notifications") notifications += 1;
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    workUrl: `${url}/work/{host}`,
    works,
    notifications: () => notifications,
    async listenTo(fenixUrl, token) {
      const body = { url: `${url}/notifications`, events: ["maintenance.host", "maintenance.session"] };
      const headers = { "content-type": "application/json", "x-auth-token": token };
      const response = await fetch(`${fenixUrl}/v1/webhooks`, { method: "POST", headers, body: JSON.stringify(body) });
      if (!response.ok) throw new Error(`Fenix refused the webhook: ${await response.text()}`);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

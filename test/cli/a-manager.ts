/** A manager that does everything right, as far as the test at hand does not want it otherwise. */
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo } from "node:net";
import { type Action, type Notice, readCallback } from "../../examples/client/callback.ts";
import { CLOUD_EVENT, readCloudEvent } from "../../examples/client/cloud-event.ts";
import { type Fenix, fenixAt, type Reply } from "../../examples/client/fenix.ts";

export interface Ways {
  /** How it answers the post of a message; left out: 200. */
  readonly answer?: (response: ServerResponse, notice: Notice) => void;
  /** What it does about a question; `right` is the reply that it should send. */
  readonly reply?: (notice: Notice, right: Reply, fenix: Fenix) => Promise<void>;
}

export async function aManager({ answer = (response) => void response.end(), reply = replyRightly }: Ways = {}) {
  const fenix = fenixAt({ url: "http://127.0.0.1:1", projectId: "never asked for" });
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const native = request.headers["content-type"] === CLOUD_EVENT;
    const notice = (native ? readCloudEvent : readCallback)(JSON.parse(text));
    answer(response, notice);
    if (notice.replyAt === null) return;
    await reply(notice, await rightReply(notice, fenix), fenix).catch(() => {}); // What it gets wrong may be refused.
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/maintenance`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const replyRightly: NonNullable<Ways["reply"]> = (notice, right, fenix) => fenix.reply(notice, right);

async function rightReply(notice: Notice, fenix: Fenix): Promise<Reply> {
  const [action] = notice.allowedActions;
  return yes(action === undefined ? [] : await fenix.instancesOf(notice), action);
}

export const yes = (instances: readonly string[], action: Action = "MIGRATE"): Reply => ({
  answer: "ACK",
  actions: new Map(instances.map((instance) => [instance, action])),
});

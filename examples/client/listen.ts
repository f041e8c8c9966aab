/** Where Fenix's notices arrive: a door of its own, under a path that nobody can guess. */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Notice, readCallback } from "./callback.ts";
import { CLOUD_EVENT, isSigned, readCloudEvent } from "./cloud-event.ts";

export interface Listening {
  /** Where to listen; port 0 takes any free one. */
  readonly host?: string;
  readonly port?: number;
  /** Under which URL Fenix reaches this door, where that is not where it listens. */
  readonly publicUrl?: string | undefined;
}

export interface Door {
  /** What Fenix is to post to. Its last part is secret: who does not know it cannot pretend to be Fenix. */
  readonly url: string;
  /** From now on only what is signed with the secret is taken. */
  trust(secret: string): void;
  close(): Promise<void>;
}

/** `take` begins the work and returns: Fenix waits for the reply, not for the answer to its post. */
export async function listenForNotices(
  { host = "127.0.0.1", port = 0, publicUrl }: Listening,
  take: (notice: Notice) => void,
): Promise<Door> {
  const path = `/maintenance/${randomBytes(16).toString("hex")}`;
  let secret: string | null = null;
  const server = createServer((request, response) => void answer(request, response, { path, secret, take }));
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
  const address = `http://${host}:${(server.address() as AddressInfo).port}`;
  return {
    url: new URL(path, publicUrl ?? address).href,
    trust: (known) => void (secret = known),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A notice has a few kilobytes. */
const BODY_MAX_BYTES = 65_536;

interface Answering {
  readonly path: string;
  /** Null: nothing is signed. */
  readonly secret: string | null;
  readonly take: (notice: Notice) => void;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { path, secret, take }: Answering,
): Promise<void> {
  const say = (status: number, message: string): void =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ message }));
  if (request.method !== "POST" || request.url !== path) return say(404, "there is nothing here");
  try {
    const text = await bodyOf(request);
    if (secret !== null && !isSigned(request.headers, text, secret)) return say(401, "not signed by Fenix just now");
    const read = request.headers["content-type"]?.startsWith(CLOUD_EVENT) ? readCloudEvent : readCallback;
    take(read(JSON.parse(text)));
  } catch (error) {
    return say(400, String(error));
  }
  return say(200, "taken");
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) {
    body += chunk;
    if (body.length > BODY_MAX_BYTES) throw new Error(`a notice has at most ${BODY_MAX_BYTES} bytes`);
  }
  return body;
}

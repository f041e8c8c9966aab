/** Stands before a manager's door and keeps what is posted there, byte by byte and with its time. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Posted {
  readonly project: string;
  readonly at: Date;
  readonly text: string;
}

export interface Tap {
  /** What is to be called instead of the door. */
  readonly url: string;
  close(): Promise<void>;
}

/** `port` is the door's, on this machine. The post is handed on at once, and the door's answer handed back. */
export async function tapBefore(port: number, keep: (post: Pick<Posted, "at" | "text">) => void): Promise<Tap> {
  const server = createServer(async (request, response) => {
    const at = new Date();
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString();
    keep({ at, text });
    const headers = { "content-type": request.headers["content-type"] ?? "" };
    const door = await fetch(`http://127.0.0.1:${port}${request.url}`, { method: "POST", headers, body: text });
    response.writeHead(door.status, { "content-type": "application/json" }).end(await door.text());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

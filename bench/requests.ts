/**
 * Sends requests over connections of its own and takes the time of each: as little work as possible for a response, since
 * what the sender needs of the processor is missing where it is measured.
 */
import { connect, type Socket } from "node:net";
import { once } from "node:events";

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  /** For X-Auth-Token. */
  readonly token?: string;
}

export interface Timed {
  /** Milliseconds of each request, in no order. */
  readonly tookMs: readonly number[];
  readonly perSecond: number;
}

/** As many requests as `count`, `inFlight` at once, each made of a number no other has. Throws when one is not answered 200. */
export async function timed(
  port: number,
  { count, inFlight }: { readonly count: number; readonly inFlight: number },
  make: (number: number) => HttpRequest,
): Promise<Timed> {
  const tookMs: number[] = [];
  let next = 0;
  const one = async () => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    for (let number = next++; number < count; number = next++) {
      const request = bytes(make(number));
      const start = performance.now();
      const status = await exchange(socket, request);
      tookMs.push(performance.now() - start);
      if (status !== "200") throw new Error(`answered ${status}`);
    }
    socket.destroy();
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: inFlight }, one));
  return { tookMs, perSecond: count / ((performance.now() - began) / 1_000) };
}

function bytes({ method, path, body, token }: HttpRequest): string {
  const shown = token === undefined ? "" : `x-auth-token: ${token}\r\n`;
  const head = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${shown}`;
  if (body === undefined) return `${head}\r\n`;
  return `${head}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** The status of the response, once all of it is there. Fenix gives every answer a content-length. */
function exchange(socket: Socket, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const onData = (chunk: Buffer) => {
      text += chunk.toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
      if (end === -1 || length === undefined || text.length < end + 4 + Number(length)) return;
      leave();
      resolve(text.slice(9, 12));
    };
    const onClose = () => {
      leave();
      reject(new Error(`the connection was closed; it had answered: ${text.slice(0, 200)}`));
    };
    const leave = () => void socket.off("data", onData).off("close", onClose).off("error", onClose);
    socket.on("data", onData).on("close", onClose).on("error", onClose).write(request);
  });
}

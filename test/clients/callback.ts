/** What all real managers have in common: an HTTP server for AODH's posts, and the way in which they read them. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parse } from "yaml";

/** A request that a client sent, and what it was answered. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
  readonly status: number;
  readonly answer: unknown;
}

export type Traits = Readonly<Record<string, unknown>>;

/** Doctor's and Tacker's way: text with a bracket in it is Python, and as much of it as they use is YAML too. */
export function readTraits(posted: unknown): Traits {
  const { reason_data: reason } = posted as { reason_data: { event: { traits: [string, number, unknown][] } } };
  return Object.fromEntries(
    reason.event.traits.map(([name, , value]) => {
      const text = String(value);
      return [name, /[[{]/.test(text) ? parse(text.replaceAll("u'", "'")) : text];
    }),
  );
}

/** Sends as the clients do, with their headers on every request, also where there is no body. */
export async function sendAs(
  kept: Exchange[],
  { method, url, body, token }: { method: string; url: string; body?: unknown; token?: string },
): Promise<Exchange> {
  const headers = { "content-type": "application/json", accept: "application/json" };
  const answer = await fetch(url, {
    method,
    headers: token === undefined ? headers : { ...headers, "x-auth-token": token },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await answer.text();
  const exchange = {
    method,
    url,
    body,
    status: answer.status,
    answer: text === "" ? null : (JSON.parse(text) as unknown),
  };
  kept.push(exchange);
  return exchange;
}

export interface Listening {
  readonly url: string;
  /** What was posted, as it came. */
  readonly posted: readonly unknown[];
  /** What went wrong in `take`: a real manager would have answered 500. */
  readonly broken: readonly unknown[];
  close(): Promise<void>;
}

/** Takes each post, and answers it when `take` is done, as Flask does. */
export async function listen(take: (traits: Traits) => unknown): Promise<Listening> {
  const [posted, broken]: [unknown[], unknown[]] = [[], []];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    try {
      posted.push(JSON.parse(text));
      await take(readTraits(JSON.parse(text)));
      response.end("OK");
    } catch (error) {
      broken.push(error);
      response.statusCode = 500;
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posted,
    broken,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

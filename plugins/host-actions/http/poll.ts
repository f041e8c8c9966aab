/** Polling an endpoint until a value in its answer says done or failed. */
import { pause } from "#sdk";
import { at, parsed } from "./json-pointer.ts";
import type { Metadata } from "./metadata.ts";
import { type Answer, type Doing, inWords, isSuccess, type Request, type Tried, tryOnce } from "./request.ts";

type Polled = Extract<Metadata["until"], { kind: "polled" }>;

/** Resolves when it is done; the time limit of the action ends it otherwise. */
export async function pollUntilDone(request: Request, until: Polled, { log, signal }: Doing): Promise<void> {
  let told = "";
  for (;;) {
    const { kind, text } = judge(await tryOnce(request, signal), until);
    const now = `GET ${request.url}: ${text}`;
    if (now !== told) log(`${now}\n`);
    told = now;
    if (kind === "done") return;
    if (kind === "failed") throw new Error(now);
    await pause(until.interval_seconds, signal);
  }
}

/** What one look says. */
export function judge(
  tried: Tried,
  { pointer, done_when: done, failed_when: failed = [] }: Polled,
): { readonly kind: "done" | "failed" | "not_yet"; readonly text: string } {
  if (tried.kind !== "answered") return { kind: "not_yet", text: `no answer (${tried.error.message})` };
  const { answer } = tried;
  if (!isSuccess(answer)) return { kind: mayPass(answer) ? "not_yet" : "failed", text: inWords(answer) };
  const json = parsed(answer.text);
  if (json === undefined)
    return { kind: "not_yet", text: `answered ${answer.status} without JSON, or with too much of it` };
  const value = at(json, pointer);
  const text = `${pointer} is ${JSON.stringify(value) ?? "not there"}`;
  if (done.some((one) => one === value)) return { kind: "done", text };
  return { kind: failed.some((one) => one === value) ? "failed" : "not_yet", text };
}

/** A job that is not there yet, a rebooting server and an overloaded one; but not a wrong password. */
const mayPass = ({ status }: Answer): boolean => status >= 500 || [404, 408, 425, 429].includes(status);

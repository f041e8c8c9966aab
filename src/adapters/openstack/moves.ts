/** Asks for moves and tells how they ended. */
import type { HostName, InstanceId } from "../../domain/ids.ts";
import type { MoveKind } from "../../domain/session.ts";
import type { Clock } from "../../ports/clock.ts";
import type { CallOptions, InstancePlace, MoveEnd, Started } from "../../ports/cloud.ts";
import { Unanswered } from "./http.ts";
import type { MoveWatch } from "./move-watch.ts";
import type { Nova, ServerRow } from "./nova.ts";
import type { Called } from "./service.ts";
import { isMoving } from "./server-state.ts";
import { whyItFailed } from "./why.ts";

export interface MovesParts {
  readonly nova: Nova;
  readonly watch: MoveWatch;
  readonly clock: Clock;
}

export interface Moves {
  instance(id: InstanceId, options: CallOptions): Promise<InstancePlace | null>;
  startMove(id: InstanceId, how: MoveKind, to: HostName | null, options: CallOptions): Promise<Started>;
  moveEnded(id: InstanceId, from: HostName, options: CallOptions): Promise<MoveEnd>;
}

/** How often a move is asked for whose answer is lost, and the pause before the server is read back. */
const TRIES = 3;
const READ_BACK_MS = 1_000;

/** Places are remembered for moves that are about to start; more than this are certainly forgotten ones. */
const REMEMBERED_MAX = 10_000;

export function cloudMoves({ nova, watch, clock }: MovesParts): Moves {
  /** Where an instance was when it was last looked at: a lost answer is read back against it. */
  const places = new Map<InstanceId, HostName | null>();
  /** Moves this process asked for, by instance, with Nova's id of the request: it finds the action that tells why. */
  const asked = new Map<InstanceId, string | null>();

  async function instance(id: InstanceId, { signal }: CallOptions): Promise<InstancePlace | null> {
    const server = await nova.server(id, { signal });
    if (server === null) return null;
    if (places.size >= REMEMBERED_MAX) places.clear();
    places.set(id, server.host);
    return { host: server.host, status: server.status, taskState: server.taskState, moving: isMoving(server) };
  }

  async function startMove(id: InstanceId, how: MoveKind, to: HostName | null, options: CallOptions): Promise<Started> {
    if (how === "MIGRATE" && to !== null && !(await nova.canMigrateToHost(options))) {
      return { kind: "refused", reason: "this Nova is too old to migrate to a host of our choice (2.56 is needed)" };
    }
    const at = places.get(id) ?? (await instance(id, options))?.host;
    if (at === undefined) return { kind: "refused", reason: "there is no such instance" };
    for (let tried = 1; ; tried += 1) {
      const answer = await request(id, how, to, options);
      if (answer.kind === "done") {
        asked.set(id, answer.requestId);
        return { kind: "started" };
      }
      if (answer.kind === "lost" && tried === TRIES) throw answer.error;
      // Nova may have taken a request whose answer we did not get, and then refuses to be asked again.
      if (answer.kind === "lost" || tried > 1) {
        await clock.sleep(
          Math.max(answer.kind === "lost" ? (answer.error.retryAfterMs ?? 0) : 0, READ_BACK_MS),
          options.signal,
        );
        options.signal.throwIfAborted();
        const place = await nova.server(id, options);
        if (place !== null && (isMoving(place) || place.host !== at)) {
          asked.set(id, null);
          return { kind: "started" };
        }
      }
      if (answer.kind === "rejected") return { kind: "refused", reason: answer.reason };
    }
  }

  async function request(
    id: InstanceId,
    how: MoveKind,
    to: HostName | null,
    options: CallOptions,
  ): Promise<Called<unknown> | { readonly kind: "lost"; readonly error: Unanswered }> {
    try {
      return await (how === "MIGRATE" ? nova.migrate(id, to, options) : nova.liveMigrate(id, to, options));
    } catch (error) {
      if (error instanceof Unanswered) return { kind: "lost", error };
      throw error;
    }
  }

  async function moveEnded(id: InstanceId, from: HostName, options: CallOptions): Promise<MoveEnd> {
    const rest = await watch.atRest({ id, from, ours: asked.has(id), ...options });
    const requestId = asked.get(id) ?? null;
    asked.delete(id);
    places.delete(id);
    switch (rest.kind) {
      case "gone":
        return { kind: "gone" };
      case "unconfirmed_resize":
        return { kind: "stayed", reason: "its project resized it and has neither confirmed nor reverted that yet" };
      case "at_rest":
        return judge(rest.server, from, requestId, options);
    }
  }

  /** What Nova reports of the migration can be wrong: it has called one completed whose server never left. */
  async function judge(
    server: ServerRow,
    from: HostName,
    requestId: string | null,
    options: CallOptions,
  ): Promise<MoveEnd> {
    const { id, host, status } = server;
    if (status === "ERROR")
      return { kind: "broken", host, reason: await whyItFailed(nova, server, requestId, options) };
    if (host !== null && host !== from) return { kind: "moved", host, status };
    // Without a host and not in ERROR: shelved by its project, so it is not on the host any more.
    if (host === null) return { kind: "gone" };
    return { kind: "stayed", reason: await whyItFailed(nova, { id, fault: null }, requestId, options) };
  }

  return { instance, startMove, moveEnded };
}

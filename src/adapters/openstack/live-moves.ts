/** Live migrations while they are under way. */
import type { LiveLimit } from "../../domain/effect.ts";
import type { InstanceId } from "../../domain/ids.ts";
import type { CallOptions, LiveMove } from "../../ports/cloud.ts";
import type { Nova } from "./nova.ts";

export interface LiveMoves {
  liveMove(id: InstanceId, options: CallOptions): Promise<LiveMove | null>;
  endLiveMove(id: InstanceId, move: LiveMove, how: LiveLimit["beyond"], options: CallOptions): Promise<boolean>;
}

export const liveMoves = (nova: Nova): LiveMoves => ({
  async liveMove(id, options) {
    const [first] = await nova.liveMigrations(id, options);
    return first ? { id: String(first.id), copying: first.status === "running" } : null;
  },
  async endLiveMove(id, move, how, options) {
    const request = how === "abort" ? nova.abortLiveMigration : nova.forceLiveMigration;
    // 400, 404 and 409 say that it has ended, or is not yet where this can be done.
    return (await request(id, move.id, options)).kind === "done";
  },
});

/**
 * Ends an app that listens within a bound. Node closes the connections that are idle when it stops to listen, and then
 * waits for all others: also for those whose request is answered a moment later and which are kept alive, for those on
 * which no request ever comes, and for requests that never arrive whole, since it has stopped to look at their time.
 */
import type { App } from "./dependencies.ts";

/** As much as a worker gives its effects: any answer is written by then, or waits for somebody who is gone. */
const GRACE_MS = 5_000;

/** How soon a connection is closed once its request is answered. */
const LOOK_MS = 50;

export function closeInTime(app: App, { graceMs = GRACE_MS }: { readonly graceMs?: number } = {}): void {
  const { server } = app;
  app.addHook("preClose", async () => {
    if (!server.listening) return;
    const looking = setInterval(() => server.closeIdleConnections(), LOOK_MS);
    const grace = setTimeout(() => server.closeAllConnections(), graceMs);
    server.once("close", () => {
      clearInterval(looking);
      clearTimeout(grace);
    });
  });
}

/** Waits until something on the host takes connections again, such as its ssh server after a reboot. */
import { connect } from "node:net";
import { defineHostAction, pause, withinSeconds, z } from "#sdk";

export default defineHostAction({
  name: "wait-for-port",
  phases: ["host", "compute", "controller", "other"],
  metadata: z.strictObject({
    port: z.int().min(1).max(65_535).default(22).describe("the TCP port to knock at"),
    timeout_seconds: z.int().min(1).max(3_600).default(600).describe("longest time to wait"),
  }),
  rerun: "idempotent", // Knocking twice changes nothing.
  timeoutSeconds: ({ timeout_seconds: seconds }) => seconds,
  async run({ host, metadata: { port }, log, signal }) {
    for (;;) {
      const refusal = await withinSeconds(5, signal, (limited) => knock(host, port, limited)).catch(String);
      signal.throwIfAborted();
      if (refusal === null) return log(`${host} takes connections at port ${port}\n`);
      log(`not yet: ${refusal}\n`);
      await pause(2, signal);
    }
  },
});

/** Null when somebody opened; otherwise why not. */
function knock(host: string, port: number, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    socket.once("connect", () => {
      socket.destroy();
      resolve(null);
    });
    socket.once("error", (error) => resolve(error.message));
  });
}

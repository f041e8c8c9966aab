/** Does nothing for a while, or fails where it is told to: for rehearsals, demonstrations and tests. */
import { defineHostAction, everyPhase, pause, z } from "#sdk";

// Unknown keys are dropped: published requests give this action hints of all kinds ({"upgrade": "SW1"}).
const metadata = z.object({
  seconds: z.number().min(0).max(86_400).default(0).describe("how long to pretend to work"),
  fail: z.boolean().default(false).describe("fail on every host"),
  fail_on: z.array(z.string().min(1)).default([]).describe("fail on these hosts only"),
});

export default defineHostAction({
  name: "dummy",
  phases: everyPhase,
  metadata,
  rerun: "idempotent",
  // A minute more than it sleeps, so that a busy worker does not make it fail.
  timeoutSeconds: ({ seconds }) => seconds + 60,
  async run({ host, phase, metadata: { seconds, fail, fail_on: failOn }, log, signal }) {
    log(`pretending to work on ${host} (${phase}) for ${seconds} s\n`);
    await pause(seconds, signal);
    if (fail || failOn.includes(host)) throw new Error(`told to fail on ${host}`);
    log("done\n");
  },
});

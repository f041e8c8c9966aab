/** A worker that prints each effect it takes and never ends it; its options are its argument. Made to be killed. */
import { pino } from "pino";
import { openQueues, type QueuesOptions } from "../../../src/adapters/bullmq/queues.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as Omit<QueuesOptions, "log">;
const { consumer } = await openQueues({ ...options, log: pino({ level: "silent" }) });
consumer.consume({
  session: async () => {},
  effect: async (id) => {
    console.log(id);
    await new Promise(() => {});
  },
  receiver: async () => {},
});

/** Everything that lives in Postgres, behind the ports of the engine. */
import type { Constraints } from "../../ports/constraints.ts";
import type { Deliveries, Webhooks } from "../../ports/deliveries.ts";
import type { Due, Effects } from "../../ports/effects.ts";
import type { Plans } from "../../ports/plans.ts";
import type { Polling } from "../../ports/polling.ts";
import type { Reports } from "../../ports/reports.ts";
import type { Sessions } from "../../ports/sessions.ts";
import type { Database } from "./connect.ts";
import { postgresDeliveries } from "./deliveries.ts";
import { postgresDue } from "./due.ts";
import { postgresEffects } from "./effects.ts";
import { postgresGroupConstraints } from "./group-constraints.ts";
import { postgresInstanceConstraints } from "./instance-constraints.ts";
import { postgresPlans } from "./plans.ts";
import type { Channels } from "./record.ts";
import { postgresPolling } from "./polling.ts";
import { postgresReports } from "./reports.ts";
import { postgresSessions } from "./sessions.ts";
import { tellingOutages } from "./transaction.ts";
import { postgresWebhooks } from "./webhooks.ts";

export interface Store {
  readonly sessions: Sessions;
  readonly effects: Effects;
  readonly due: Due;
  readonly deliveries: Deliveries;
  readonly webhooks: Webhooks;
  readonly constraints: Constraints;
  readonly polling: Polling;
  readonly reports: Reports;
  readonly plans: Plans;
}

/** Every operation throws `Problem("STORE_UNAVAILABLE")` while the database does not answer. */
export const postgresStore = (db: Database, channels: Channels = { bus: false }): Store => ({
  sessions: tellingOutages(postgresSessions(db, channels)),
  effects: tellingOutages(postgresEffects(db)),
  due: tellingOutages(postgresDue(db)),
  deliveries: tellingOutages(postgresDeliveries(db)),
  webhooks: tellingOutages(postgresWebhooks(db)),
  constraints: {
    instances: tellingOutages(postgresInstanceConstraints(db)),
    groups: tellingOutages(postgresGroupConstraints(db)),
  },
  polling: tellingOutages(postgresPolling(db)),
  reports: tellingOutages(postgresReports(db)),
  plans: tellingOutages(postgresPlans(db)),
});

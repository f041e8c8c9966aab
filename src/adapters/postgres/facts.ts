/**
 * The newest look at the cloud. It is by far the largest thing a session has (megabytes for a large cloud), and a
 * session is asked many times between two looks: a process keeps what it has parsed, and reads a look only once.
 */
import { sql } from "kysely";
import type { CloudFacts } from "../../domain/cloud.ts";
import type { SessionId } from "../../domain/ids.ts";
import { toJson, trusted } from "./json.ts";
import type { Recent } from "./recent.ts";
import type { Transaction } from "./transaction.ts";

export type KnownFacts = Recent<{ readonly look: number; readonly facts: CloudFacts }>;

export async function readFacts(trx: Transaction, session: SessionId, cache: KnownFacts): Promise<CloudFacts | null> {
  const cached = cache.get(session);
  const row = await trx
    .selectFrom("observation")
    .select(["look", sql`case when look = ${cached?.look ?? 0} then null else facts end`.as("facts")])
    .where("session_id", "=", session)
    .executeTakeFirst();
  if (!row) return null;
  const newest = row.facts === null && cached ? cached : { look: row.look, facts: trusted<CloudFacts>(row.facts) };
  return cache.keep(session, newest).facts;
}

export async function writeFacts(trx: Transaction, session: SessionId, facts: CloudFacts, at: Date): Promise<void> {
  await trx
    .insertInto("observation")
    .values({ session_id: session, look: 1, observed_at: at, facts: toJson(facts) })
    .onConflict((conflict) =>
      conflict.column("session_id").doUpdateSet((eb) => ({
        look: eb("observation.look", "+", 1),
        observed_at: eb.ref("excluded.observed_at"),
        facts: eb.ref("excluded.facts"),
      })),
    )
    .execute();
}

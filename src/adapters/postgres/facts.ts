/**
 * The newest look at the cloud. It is by far the largest thing a session has (megabytes for a large cloud), and a
 * session is asked many times between two looks: a process keeps what it has parsed, and reads a look only once.
 */
import { sql } from "kysely";
import type { CloudFacts } from "../../domain/cloud.ts";
import type { SessionId } from "../../domain/ids.ts";
import { toJson, trusted } from "./json.ts";
import type { Transaction } from "./transaction.ts";

export type FactsCache = Map<SessionId, { readonly look: number; readonly facts: CloudFacts }>;

/** As many sessions as can be busy at once on one worker; at 20,000 instances each holds about 20 MB. */
const CACHED_SESSIONS_MAX = 8;

export async function readFacts(trx: Transaction, session: SessionId, cache: FactsCache): Promise<CloudFacts | null> {
  const cached = cache.get(session);
  const row = await trx
    .selectFrom("observation")
    .select(["look", sql`case when look = ${cached?.look ?? 0} then null else facts end`.as("facts")])
    .where("session_id", "=", session)
    .executeTakeFirst();
  if (!row) return null;
  const newest = row.facts === null && cached ? cached : { look: row.look, facts: trusted<CloudFacts>(row.facts) };
  remember(cache, session, newest);
  return newest.facts;
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

/** A map keeps the order of insertion, so its first key is the one that was not asked for the longest. */
function remember(cache: FactsCache, session: SessionId, newest: { look: number; facts: CloudFacts }): void {
  cache.delete(session);
  cache.set(session, newest);
  for (const oldest of cache.keys()) {
    if (cache.size <= CACHED_SESSIONS_MAX) return;
    cache.delete(oldest);
  }
}

/** Which session holds which host: a host is in one session at a time. */
import { sql } from "kysely";
import type { HostName, SessionId } from "../../domain/ids.ts";
import { trusted } from "./json.ts";
import type { Transaction } from "./transaction.ts";

export interface HeldHost {
  readonly host: HostName;
  readonly by: SessionId;
}

/** Claims all of the hosts, or none: then it answers which are held, and by whom. */
export async function claimHosts(
  trx: Transaction,
  session: SessionId,
  hosts: readonly HostName[],
): Promise<readonly HeldHost[]> {
  // In one order everywhere: two sessions that want the same hosts wait for each other instead of deadlocking.
  const wanted = hosts.toSorted();
  for (;;) {
    await sql`
      insert into host_claim (host, session_id) select unnest(${wanted}::text[]), ${session}
      on conflict do nothing
    `.execute(trx);
    const claims = await claimsOf(trx, wanted);
    const held = claims.filter(({ by }) => by !== session);
    if (held.length > 0) await releaseHosts(trx, session);
    // A claim that stood in the way and went before we could read whose it was: try again.
    if (held.length > 0 || claims.length === wanted.length) return held;
  }
}

export async function releaseHosts(trx: Transaction, session: SessionId): Promise<void> {
  await trx.deleteFrom("host_claim").where("session_id", "=", session).execute();
}

export const heldInWords = (held: readonly HeldHost[]): string =>
  held.map(({ host, by }) => `${host} is held by session ${by}`).join("; ");

async function claimsOf(trx: Transaction, hosts: readonly HostName[]): Promise<readonly HeldHost[]> {
  const claims = await trx
    .selectFrom("host_claim")
    .select(["host", "session_id as by"])
    .where("host", "=", sql<string>`any(${hosts}::text[])`)
    .orderBy("host")
    .execute();
  return trusted(claims);
}

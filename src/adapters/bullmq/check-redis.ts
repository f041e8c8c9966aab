/** Looks at a Redis before the queues rely on it. */
import type { Redis } from "ioredis";

export interface RedisCheck {
  readonly version: string;
  /** Each one sentence for the operator: what may go wrong, and what to set. */
  readonly warnings: readonly string[];
}

// BullMQ's scripts use commands that came with this release.
const OLDEST = { major: 6, minor: 2 };

/** Throws when BullMQ cannot work on it. */
export async function checkRedis(redis: Redis): Promise<RedisCheck> {
  const facts = parseInfo(await redis.info());
  const version = facts.get("redis_version") ?? "unknown";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor)) {
    throw new Error(`Redis ${version} at REDIS_URL is too old: ${OLDEST.major}.${OLDEST.minor} or newer is needed`);
  }
  return { version, warnings: warningsOf(facts) };
}

function warningsOf(facts: ReadonlyMap<string, string>): string[] {
  const policy = facts.get("maxmemory_policy") ?? "noeviction";
  return [
    ...(policy === "noeviction"
      ? []
      : [`Redis may drop queued jobs when its memory is full (maxmemory-policy ${policy}); set it to noeviction`]),
    ...(facts.get("aof_enabled") === "0"
      ? ["Redis forgets queued jobs when it restarts (appendonly is off); Fenix finds them again, seconds later"]
      : []),
  ];
}

/** INFO answers lines of `name:value`, with headings in between. */
function parseInfo(info: string): ReadonlyMap<string, string> {
  const pairs = info.split("\r\n").flatMap((line) => {
    const [name, value] = line.split(/:(.*)/s);
    return name !== undefined && value !== undefined ? [[name, value] as const] : [];
  });
  return new Map(pairs);
}

/**
 * Everything that can be set from outside, in one table. Nothing else in src/ reads the environment.
 *
 * An empty variable counts as unset, since that is what docker compose and CI systems pass for "no value".
 */
import { isIP } from "node:net";
import { delimiter, resolve } from "node:path";
import { z } from "zod";

const AUTH_KINDS = ["keystone", "none"] as const;
const BUS_ENVELOPES = ["2.0", "1.0"] as const;
const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

const seconds = (min: number, max: number) =>
  z.coerce
    .number(`a number of seconds from ${min} to ${max}`)
    .min(min, `at least ${min} seconds`)
    .max(max, `at most ${max} seconds`);
const count = (min: number, max: number) =>
  z.coerce
    .number(`a whole number from ${min} to ${max}`)
    .int("a whole number")
    .min(min, `at least ${min}`)
    .max(max, `at most ${max}`);
const text = z.string().trim();
const secret = z.string("32 characters or more").trim().min(32, "32 characters or more");
const networks = text
  .transform((list) => list.split(/[\s,]+/))
  .pipe(z.array(z.string().refine(isNetwork), "addresses and networks such as 192.0.2.20,10.20.0.0/16"));
const link = z
  .url({ protocol: /^https?$/, error: "an http or https URL such as https://fenix.example.org" })
  .transform((url) => url.replace(/\/+$/, ""));

const yesOrNo = text
  .toLowerCase()
  .pipe(z.enum(["true", "1", "yes", "false", "0", "no"], "true or false"))
  .transform((word) => word === "true" || word === "1" || word === "yes");

/** What a process finds in its environment. The names are those an operator types. */
const Environment = z.object({
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "a URL such as postgresql://user:password@host:5432/fenix")
    .optional(),
  REDIS_URL: z
    .string()
    .regex(/^(rediss?:\/\/|\/)/, "a URL such as redis://host:6379/0, or the path of a unix socket")
    .optional(),
  QUEUE_BACKEND: z.enum(["postgres", "redis", "redis-local"], "postgres, redis or redis-local").optional(),
  FENIX_QUEUE_PREFIX: text.regex(/^[\w-]{1,64}$/, "up to 64 letters, digits, _ and -").default("fenix"),

  FENIX_HOST: text.default("127.0.0.1"),
  FENIX_PORT: count(1, 65_535).default(12_347),
  FENIX_PUBLIC_URL: link.optional(),
  FENIX_URL: link.optional(),
  FENIX_AUTH: z.enum(AUTH_KINDS, AUTH_KINDS.join(" or ")).default("keystone"),
  FENIX_POLICY_FILE: text.optional(),
  FENIX_REPLY_TOKEN_SECRET: text
    .transform((list) => list.split(","))
    .pipe(z.tuple([secret], secret))
    .optional(),
  FENIX_OUTGOING_ALLOW: networks.optional(),
  FENIX_BUS_URL: z
    .string()
    .trim()
    .regex(/^(rabbit|amqp)s?:\/\//, "a URL such as rabbit://user:password@host:5672/vhost")
    .optional(),
  FENIX_BUS_EXCHANGE: text.max(255, "at most 255 characters").default("openstack"),
  FENIX_BUS_TOPIC: text.max(200, "at most 200 characters").default("notifications"),
  FENIX_BUS_DURABLE: yesOrNo.default(false),
  FENIX_BUS_QUORUM: yesOrNo.default(false),
  FENIX_BUS_ENVELOPE: z.enum(BUS_ENVELOPES, BUS_ENVELOPES.join(" or ")).default("2.0"),
  FENIX_BUS_PROJECT_ID: text.max(64, "at most 64 characters").optional(),
  FENIX_DATA_DIR: text.default(".data"),
  FENIX_LOG_LEVEL: z.enum(LOG_LEVELS, LOG_LEVELS.join(", ")).default("info"),

  FENIX_REPLY_SECONDS: seconds(1, 7 * 24 * 3_600).default(40),
  FENIX_SCALE_IN_REPLY_SECONDS: seconds(1, 7 * 24 * 3_600).default(60),
  FENIX_CLOUD_OUTAGE_SECONDS: seconds(1, 7 * 24 * 3_600).default(3_600),
  FENIX_MAX_SESSIONS: count(1, 1_000).default(20),
  FENIX_WORKER_CONCURRENCY: count(1, 1_000).default(800),

  FENIX_PLUGIN_PATH: text.default(""),

  OS_CLOUD: text.optional(),
  OS_CLIENT_CONFIG_FILE: text.optional(),
  OS_AUTH_URL: link.optional(),
  OS_USERNAME: text.optional(),
  OS_USER_ID: text.optional(),
  OS_PASSWORD: z.string().optional(),
  OS_USER_DOMAIN_NAME: text.optional(),
  OS_USER_DOMAIN_ID: text.optional(),
  OS_PROJECT_NAME: text.optional(),
  OS_PROJECT_ID: text.optional(),
  OS_PROJECT_DOMAIN_NAME: text.optional(),
  OS_PROJECT_DOMAIN_ID: text.optional(),
  OS_APPLICATION_CREDENTIAL_ID: text.optional(),
  OS_APPLICATION_CREDENTIAL_NAME: text.optional(),
  OS_APPLICATION_CREDENTIAL_SECRET: z.string().optional(),
  OS_REGION_NAME: text.optional(),
  // The older command line clients wrote "publicURL", and such files are still around.
  OS_INTERFACE: text
    .transform((name) => name.replace(/URL$/, ""))
    .pipe(z.enum(["public", "internal", "admin"], "public, internal or admin"))
    .optional(),
  OS_CACERT: text.optional(),
  OS_TOKEN: text.optional(),
});
type Environment = z.infer<typeof Environment>;
type Variable = keyof Environment;

const CLIENT_VARIABLES = Object.fromEntries(
  Object.keys(Environment.shape)
    .filter((name) => name.startsWith("OS_") || /^FENIX_(URL|PUBLIC_URL|HOST|PORT)$/.test(name))
    .map((name) => [name, true]),
) as Record<Extract<Variable, `OS_${string}` | "FENIX_URL" | "FENIX_PUBLIC_URL" | "FENIX_HOST" | "FENIX_PORT">, true>;

export type QueueBackend = "postgres" | "redis" | "redis-local";

export interface Config {
  /** Undefined: bring a database along, in `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly queueBackend: QueueBackend;
  /** Begins the name of every key in Redis, so that installations can share one. */
  readonly queuePrefix: string;
  readonly host: string;
  readonly port: number;
  /** Put before the path of every link given to others; without a slash at its end. */
  readonly publicUrl: string;
  /** Who comes in: whose token Keystone knows, or everybody who reaches the address. */
  readonly auth: (typeof AUTH_KINDS)[number];
  /** Absolute; undefined: the rules that Fenix brings along. */
  readonly policyFile: string | undefined;
  /** The first one signs the reply tokens in links, all of them are good for reading; undefined: links carry none. */
  readonly replyTokenSecrets: readonly [string, ...string[]] | undefined;
  /** Addresses and networks (CIDR) to which webhooks may be sent, besides the public ones. */
  readonly outgoingAllow: readonly string[];
  /** OpenStack's message bus, which hears of everything; undefined: there is none. */
  readonly bus: BusConfig | undefined;
  /** Absolute. */
  readonly dataDir: string;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** How long a project may take to reply. */
  readonly replySeconds: number;
  /** The same for SCALE_IN, which takes a project longer to think about. */
  readonly scaleInReplySeconds: number;
  /** How long a session waits for a cloud that cannot be reached, before it fails. */
  readonly cloudOutageSeconds: number;
  /** Sessions that are not at their end, at once. */
  readonly sessionsMax: number;
  /** Turns and effects that one worker process has in hand at once. */
  readonly workerConcurrency: number;
  /** Folders with plugins of the operator, absolute; the built-in ones come on top. */
  readonly pluginPath: readonly string[];
  readonly openstack: OpenStackVariables;
}

/** What the deployment's oslo.messaging has under names like these. */
export interface BusConfig {
  /** oslo.messaging's `transport_url`, or an AMQP URL. */
  readonly url: string;
  readonly exchange: string;
  readonly topic: string;
  readonly durable: boolean;
  readonly quorum: boolean;
  readonly envelope: (typeof BUS_ENVELOPES)[number];
  /** Whose alarms hear of hosts and sessions; undefined: the project of Fenix's own user. */
  readonly projectId: string | undefined;
}

/** The `OS_*` variables as they are. The OpenStack adapter joins them with clouds.yaml, by the rules of its clients. */
export type OpenStackVariables = Pick<Environment, Extract<Variable, `OS_${string}`>>;

export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const read = readVariables(Environment, environment);
  const missing = missingVariables(read);
  if (missing.length > 0) throw wrong(missing);
  return toConfig(read);
}

/** What the command line client needs. What is wrong with the rest of the environment does not concern it. */
export interface ClientConfig {
  /** Where the API is, without a slash at its end. */
  readonly url: string;
  /** A token that the user has already. */
  readonly token: string | undefined;
  /** Where to get one, if these name a cloud. */
  readonly openstack: OpenStackVariables;
}

export function readClientConfig(environment: NodeJS.ProcessEnv = process.env): ClientConfig {
  const read = readVariables(Environment.pick(CLIENT_VARIABLES), environment);
  return { url: read.FENIX_URL ?? publicUrlOf(read), token: read.OS_TOKEN, openstack: openstackVariables(read) };
}

function readVariables<Schema extends z.ZodType>(schema: Schema, environment: NodeJS.ProcessEnv): z.infer<Schema> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()));
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw wrong(parsed.error.issues.map((issue) => complaint(issue, given)));
  return parsed.data;
}

type Address = Pick<Environment, "FENIX_PUBLIC_URL" | "FENIX_HOST" | "FENIX_PORT">;

const publicUrlOf = ({ FENIX_PUBLIC_URL, FENIX_HOST, FENIX_PORT }: Address): string =>
  FENIX_PUBLIC_URL ?? `http://${reachable(FENIX_HOST)}:${FENIX_PORT}`;

function toConfig(env: Environment): Config {
  return {
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    queuePrefix: env.FENIX_QUEUE_PREFIX,
    queueBackend: env.QUEUE_BACKEND ?? (env.REDIS_URL === undefined ? "postgres" : "redis"),
    host: env.FENIX_HOST,
    port: env.FENIX_PORT,
    publicUrl: publicUrlOf(env),
    auth: env.FENIX_AUTH,
    policyFile: env.FENIX_POLICY_FILE === undefined ? undefined : resolve(env.FENIX_POLICY_FILE),
    replyTokenSecrets: env.FENIX_REPLY_TOKEN_SECRET,
    outgoingAllow: env.FENIX_OUTGOING_ALLOW ?? usualNetworks(env),
    bus: env.FENIX_BUS_URL === undefined ? undefined : busConfig(env, env.FENIX_BUS_URL),
    dataDir: resolve(env.FENIX_DATA_DIR),
    logLevel: env.FENIX_LOG_LEVEL,
    replySeconds: env.FENIX_REPLY_SECONDS,
    scaleInReplySeconds: env.FENIX_SCALE_IN_REPLY_SECONDS,
    cloudOutageSeconds: env.FENIX_CLOUD_OUTAGE_SECONDS,
    sessionsMax: env.FENIX_MAX_SESSIONS,
    workerConcurrency: env.FENIX_WORKER_CONCURRENCY,
    pluginPath: env.FENIX_PLUGIN_PATH.split(delimiter)
      .filter((folder) => folder !== "")
      .map((folder) => resolve(folder)),
    openstack: openstackVariables(env),
  };
}

const busConfig = (env: Environment, url: string): BusConfig => ({
  url,
  exchange: env.FENIX_BUS_EXCHANGE,
  topic: env.FENIX_BUS_TOPIC,
  durable: env.FENIX_BUS_DURABLE,
  quorum: env.FENIX_BUS_QUORUM,
  envelope: env.FENIX_BUS_ENVELOPE,
  projectId: env.FENIX_BUS_PROJECT_ID,
});

/** Where managers of applications usually are; on this machine only while nobody else is served. */
function usualNetworks(env: Environment): readonly string[] {
  const isAlone = isLoopback(env.FENIX_HOST) && isLoopback(new URL(publicUrlOf(env)).hostname);
  const privateOnes = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
  return isAlone ? [...privateOnes, "127.0.0.0/8", "::1"] : privateOnes;
}

function isNetwork(text: string): boolean {
  const [, address = "", bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const width = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return Number(bits ?? 0) <= width;
}

/** Only this machine reaches it. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** An address to listen on is not always one to connect to. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

function openstackVariables(env: Partial<Environment>): OpenStackVariables {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith("OS_"))) as OpenStackVariables;
}

/** Variables that only make sense together. */
function missingVariables(env: Environment): string[] {
  const missing: string[] = [];
  if (env.QUEUE_BACKEND === "redis" && env.REDIS_URL === undefined) {
    missing.push("REDIS_URL: not set, but QUEUE_BACKEND=redis needs it");
  }
  if (env.FENIX_AUTH === "none" && !isLoopback(env.FENIX_HOST)) {
    missing.push(`FENIX_AUTH: none lets everybody in, and others than this machine reach FENIX_HOST ${env.FENIX_HOST}`);
  }
  // With OS_CLOUD, clouds.yaml may have the rest.
  if (env.OS_AUTH_URL !== undefined && env.OS_CLOUD === undefined) missing.push(...missingCredentials(env));
  return missing;
}

function missingCredentials(env: Environment): string[] {
  const because = "not set, but OS_AUTH_URL needs it";
  if (env.OS_APPLICATION_CREDENTIAL_ID ?? env.OS_APPLICATION_CREDENTIAL_NAME) {
    return env.OS_APPLICATION_CREDENTIAL_SECRET === undefined
      ? ["OS_APPLICATION_CREDENTIAL_SECRET: not set, but the application credential needs it"]
      : [];
  }
  return [
    ...((env.OS_USERNAME ?? env.OS_USER_ID) === undefined
      ? [`OS_USERNAME: ${because} (or OS_APPLICATION_CREDENTIAL_ID and _SECRET)`]
      : []),
    ...(env.OS_PASSWORD === undefined ? [`OS_PASSWORD: ${because}`] : []),
    ...((env.OS_PROJECT_NAME ?? env.OS_PROJECT_ID) === undefined ? [`OS_PROJECT_NAME: ${because}`] : []),
  ];
}

function wrong(complaints: readonly string[]): Error {
  return new Error(`the configuration is wrong:\n${complaints.map((line) => `  ${line}`).join("\n")}`);
}

function complaint({ path, message }: z.core.$ZodIssue, given: Readonly<Record<string, string | undefined>>): string {
  const name = String(path[0]);
  return `${name}: "${withoutSecrets(name, given[name] ?? "")}" given, expected ${message}`;
}

/** What is shown may end in a log that more people read than may know a password. */
function withoutSecrets(name: string, value: string): string {
  if (/PASSWORD|SECRET|TOKEN/.test(name)) return "***";
  return value.replace(/:\/\/[^/]*@/, "://***@");
}

/** The sample manager as a program, configured by the environment (see README.md). */
import { z } from "zod";
import { Action } from "../client/callback.ts";
import { Hears } from "./hear.ts";
import { type ManagerEvent, startManager } from "./manager.ts";
import type { Credentials } from "./nova.ts";

const integer = (fallback: number) => z.coerce.number().int().min(0).default(fallback);

const Environment = z.object({
  FENIX_URL: z.url().default("http://127.0.0.1:12347"),
  MANAGER_HOST: z.string().default("127.0.0.1"),
  MANAGER_PORT: integer(12348),
  MANAGER_PUBLIC_URL: z.url().optional(),
  MANAGER_HEARS: Hears.default("webhook"),
  MANAGER_ACTION: Action.default("MIGRATE"),
  MANAGER_DECLARE: z.stringbool().default(false),
  MANAGER_LEAD_SECONDS: integer(40),
  MANAGER_RECOVERY_SECONDS: integer(60),
  MANAGER_INTERRUPTION_SECONDS: integer(120),
  MANAGER_SPARE: z.string().default("."),
  MANAGER_STEP: integer(1),
  MANAGER_AT_LEAST: integer(1),
  MANAGER_NETWORKS: z.string().default("auto"),
  OS_AUTH_URL: z.url(),
  OS_REGION_NAME: z.string().optional(),
  OS_APPLICATION_CREDENTIAL_ID: z.string().optional(),
  OS_APPLICATION_CREDENTIAL_SECRET: z.string().optional(),
  OS_USERNAME: z.string().optional(),
  OS_PASSWORD: z.string().optional(),
  OS_PROJECT_NAME: z.string().optional(),
  OS_USER_DOMAIN_NAME: z.string().default("Default"),
  OS_PROJECT_DOMAIN_NAME: z.string().default("Default"),
});
type Environment = z.infer<typeof Environment>;

const read = Environment.safeParse(process.env);
if (!read.success) {
  console.error(read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n"));
  process.exit(2);
}
const env = read.data;
const spare = new RegExp(env.MANAGER_SPARE);
const manager = await startManager({
  fenixUrl: env.FENIX_URL,
  credentials: credentials(env),
  listen: { host: env.MANAGER_HOST, port: env.MANAGER_PORT, publicUrl: env.MANAGER_PUBLIC_URL },
  hears: env.MANAGER_HEARS,
  action: env.MANAGER_ACTION,
  needs: env.MANAGER_DECLARE
    ? {
        leadSeconds: env.MANAGER_LEAD_SECONDS,
        recoverySeconds: env.MANAGER_RECOVERY_SECONDS,
        interruptionSecondsMax: env.MANAGER_INTERRUPTION_SECONDS,
      }
    : undefined,
  scaling: {
    spare: ({ name }) => spare.test(name),
    step: env.MANAGER_STEP,
    atLeast: env.MANAGER_AT_LEAST,
    networks: networks(env.MANAGER_NETWORKS),
  },
  onEvent: (event) => console.log(`${new Date().toISOString()} ${inWords(event)}`),
});
console.log(`answering for project ${manager.projectId}`);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void manager.close());

function credentials({ OS_AUTH_URL, OS_REGION_NAME, ...env }: Environment): Credentials {
  const { OS_APPLICATION_CREDENTIAL_ID: id, OS_APPLICATION_CREDENTIAL_SECRET: secret } = env;
  const { OS_USERNAME: username, OS_PASSWORD: password, OS_PROJECT_NAME: projectName } = env;
  const where = { authUrl: OS_AUTH_URL, region: OS_REGION_NAME };
  if (id && secret) return { ...where, as: { applicationCredentialId: id, applicationCredentialSecret: secret } };
  if (username && password && projectName) {
    const domains = { userDomainName: env.OS_USER_DOMAIN_NAME, projectDomainName: env.OS_PROJECT_DOMAIN_NAME };
    return { ...where, as: { username, password, projectName, ...domains } };
  }
  console.error("set OS_APPLICATION_CREDENTIAL_ID and _SECRET, or OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME");
  process.exit(2);
}

function networks(text: string) {
  return text === "auto" || text === "none" ? text : text.split(",");
}

function inWords(event: ManagerEvent): string {
  switch (event.kind) {
    case "notified":
      return `Fenix says ${event.notice.state}${event.again ? " once more" : ""}, reply by ${event.notice.replyAt?.toISOString() ?? "-"}`;
    case "replied":
      return `replied ${event.reply.answer}_${event.notice.state}`;
    case "scaled_in":
      return `scaled in by ${event.servers.length}: ${event.servers.join(", ")}`;
    case "scaled_out":
      return `scaled out by ${event.servers.length}: ${event.servers.join(", ")}`;
    case "replaced":
      return `replaced server ${event.server} by ${event.by}`;
    case "trouble":
      return `trouble with ${event.doing}: ${String(event.error)}`;
  }
}

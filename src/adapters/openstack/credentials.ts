/**
 * How to enter the cloud: `OS_*` variables joined with clouds.yaml, as OpenStack's own clients do it. A variable that is
 * set wins over the file, so that one value (a region, a password) can be changed without another file.
 */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

/** The variables as the configuration read them. */
export type OpenStackVariables = { readonly [Name in (typeof names)[number]]?: string | undefined };

const names = [
  "OS_CLOUD",
  "OS_CLIENT_CONFIG_FILE",
  "OS_AUTH_URL",
  "OS_USERNAME",
  "OS_USER_ID",
  "OS_PASSWORD",
  "OS_USER_DOMAIN_NAME",
  "OS_USER_DOMAIN_ID",
  "OS_PROJECT_NAME",
  "OS_PROJECT_ID",
  "OS_PROJECT_DOMAIN_NAME",
  "OS_PROJECT_DOMAIN_ID",
  "OS_APPLICATION_CREDENTIAL_ID",
  "OS_APPLICATION_CREDENTIAL_NAME",
  "OS_APPLICATION_CREDENTIAL_SECRET",
  "OS_REGION_NAME",
  "OS_INTERFACE",
  "OS_CACERT",
] as const;

export interface Credentials {
  /** Ends in /v3. */
  readonly authUrl: string;
  /** Body of Keystone's `POST /auth/tokens`. Holds the secret: never shown, never logged. */
  readonly body: unknown;
  /** Who enters, for messages: `user admin`. */
  readonly who: string;
  readonly region: string | null;
  readonly interface: Interface;
  /** Certificates to trust besides the system's, in PEM. */
  readonly ca: string | null;
  /** False only where clouds.yaml says `verify: false`. */
  readonly verify: boolean;
}

export type Interface = "public" | "internal" | "admin";

/** Null when no cloud is named at all; throws when what is named is incomplete. */
export function readCredentials(variables: OpenStackVariables): Credentials | null {
  if (variables.OS_AUTH_URL === undefined && variables.OS_CLOUD === undefined) return null;
  const entry = variables.OS_CLOUD === undefined ? Entry.parse({}) : readCloudsYaml(variables.OS_CLOUD, variables);
  const auth = { ...entry.auth, ...authVariables(variables) };
  const cacert = variables.OS_CACERT ?? entry.cacert;
  const authUrl = versionThree(required(auth.auth_url, "auth_url", "OS_AUTH_URL"));
  const { body, who } = identify(auth);
  return {
    authUrl,
    body: { auth: body },
    who,
    region: variables.OS_REGION_NAME ?? entry.region_name ?? null,
    interface: Interfaces.parse(variables.OS_INTERFACE ?? entry.interface ?? "public"),
    ca: cacert === undefined ? null : readFileSync(cacert, "utf8"),
    verify: entry.verify,
  };
}

const Interfaces = z.enum(["public", "internal", "admin"]);

/** The part of a clouds.yaml `auth` section that Keystone v3 needs. */
const Auth = z.object({
  auth_url: z.string().optional(),
  username: z.string().optional(),
  user_id: z.string().optional(),
  password: z.coerce.string().optional(),
  user_domain_name: z.string().optional(),
  user_domain_id: z.string().optional(),
  project_name: z.string().optional(),
  project_id: z.string().optional(),
  project_domain_name: z.string().optional(),
  project_domain_id: z.string().optional(),
  application_credential_id: z.string().optional(),
  application_credential_name: z.string().optional(),
  application_credential_secret: z.string().optional(),
});
type Auth = z.infer<typeof Auth>;

const Entry = z.object({
  auth: Auth.default({}),
  region_name: z.string().optional(),
  // The older command line clients wrote "publicURL".
  interface: z
    .string()
    .transform((name) => name.replace(/URL$/, ""))
    .optional(),
  cacert: z.string().optional(),
  verify: z.boolean().default(true),
});
type Entry = z.infer<typeof Entry>;

const CloudsYaml = z.object({ clouds: z.record(z.string(), z.unknown()) });

/** Where OpenStack's clients look, in their order; secrets may be in a secure.yaml beside the file. */
function readCloudsYaml(cloud: string, { OS_CLIENT_CONFIG_FILE: given }: OpenStackVariables): Entry {
  const places = [given, "clouds.yaml", join(homedir(), ".config/openstack/clouds.yaml"), "/etc/openstack/clouds.yaml"];
  const file = places.find((place) => place !== undefined && existsSync(place));
  if (file === undefined) throw new Error(`OS_CLOUD is ${cloud}, but there is no clouds.yaml to find it in`);
  const found = cloudIn(file, cloud);
  if (found === undefined) throw new Error(`OS_CLOUD is ${cloud}, but ${file} has no such cloud`);
  const secure = join(dirname(file), "secure.yaml");
  const secret = existsSync(secure) ? cloudIn(secure, cloud) : undefined;
  const [entry, addition] = [parsedEntry(found, file, cloud), parsedEntry(secret ?? {}, secure, cloud)];
  return { ...entry, auth: { ...entry.auth, ...addition.auth } };
}

function cloudIn(file: string, cloud: string): unknown {
  const read = CloudsYaml.safeParse(parse(readFileSync(file, "utf8")));
  return read.success ? read.data.clouds[cloud] : undefined;
}

function parsedEntry(entry: unknown, file: string, cloud: string): Entry {
  const read = Entry.safeParse(entry);
  if (read.success) return read.data;
  // Field names only: what is wrong may be a secret.
  const fields = read.error.issues.map(({ path }) => path.join("."));
  throw new Error(`${file}: clouds.${cloud} has unusable values: ${fields.join(", ")}`);
}

function authVariables(variables: OpenStackVariables): Partial<Auth> {
  const given = Object.entries(variables).filter(([, value]) => value !== undefined);
  const auth = given.map(([name, value]) => [name.slice("OS_".length).toLowerCase(), value]);
  return Auth.partial().parse(Object.fromEntries(auth));
}

/** A domain is `Default` unless told otherwise, since most clouds have no other. */
const domain = (name: string | undefined, id: string | undefined) =>
  id === undefined ? { name: name ?? "Default" } : { id };

function identify(auth: Auth): { body: unknown; who: string } {
  const user = {
    name: auth.username,
    id: auth.user_id,
    ...(auth.user_id === undefined ? { domain: domain(auth.user_domain_name, auth.user_domain_id) } : {}),
  };
  if (auth.application_credential_id !== undefined || auth.application_credential_name !== undefined) {
    return asApplication(auth, user);
  }
  if (auth.user_id === undefined) required(auth.username, "username", "OS_USERNAME");
  const password = required(auth.password, "password", "OS_PASSWORD");
  const project =
    auth.project_id === undefined
      ? {
          name: required(auth.project_name, "project_name", "OS_PROJECT_NAME"),
          domain: domain(auth.project_domain_name, auth.project_domain_id),
        }
      : { id: auth.project_id };
  return {
    body: { identity: { methods: ["password"], password: { user: { ...user, password } } }, scope: { project } },
    who: `user ${auth.username ?? auth.user_id}`,
  };
}

/** An application credential belongs to one project already, so it is used without a scope. */
function asApplication(auth: Auth, user: unknown): { body: unknown; who: string } {
  const { application_credential_id: id, application_credential_name: name } = auth;
  const secret = required(
    auth.application_credential_secret,
    "application_credential_secret",
    "OS_APPLICATION_CREDENTIAL_SECRET",
  );
  const credential = id === undefined ? { name, user, secret } : { id, secret };
  return {
    body: { identity: { methods: ["application_credential"], application_credential: credential } },
    who: `application credential ${name ?? id}`,
  };
}

function required(value: string | undefined, key: string, variable: string): string {
  if (value !== undefined) return value;
  throw new Error(`${variable} is not set, and clouds.yaml gives no ${key}`);
}

/** `OS_AUTH_URL` may be given with and without the version; what Keystone v2 was is gone. */
const versionThree = (url: string): string => `${url.replace(/\/+$/, "").replace(/\/v[23](\.0)?$/, "")}/v3`;

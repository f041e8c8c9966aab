/** The few calls of Keystone, Nova and AODH that a tenant needs for its own servers. Uses the tenant's own credentials. */
import { z } from "zod";

export interface Credentials {
  /** Keystone's URL, with or without /v3. */
  readonly authUrl: string;
  readonly region?: string | undefined;
  readonly as:
    | { readonly applicationCredentialId: string; readonly applicationCredentialSecret: string }
    | {
        readonly username: string;
        readonly password: string;
        readonly projectName: string;
        readonly userDomainName: string;
        readonly projectDomainName: string;
      };
}

/** 2.37 is the first version that can be asked for `auto` or `none` as networks. */
const MICROVERSION = "compute 2.37";
/** The first version in which a server group has its rules. From 2.47 on servers do not tell the id of their flavor. */
const GROUPS_MICROVERSION = "compute 2.64";
/** Nothing in here takes long; what does is polled for. */
const REQUEST_TIMEOUT_MS = 30_000;
/** A token is renewed this long before it ends, so that none ends on its way. */
const TOKEN_MARGIN_MS = 60_000;

const Server = z.object({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  metadata: z.record(z.string(), z.string()).default({}),
  flavor: z.object({ id: z.string() }),
  /** Empty text for a server that boots from a volume. */
  image: z.union([z.object({ id: z.string() }), z.literal("")]),
});
export type Server = z.infer<typeof Server>;

const ServerGroup = z.object({
  id: z.string(),
  name: z.string(),
  policy: z.string(),
  rules: z.object({ max_server_per_host: z.coerce.number().optional() }).default({}),
  members: z.array(z.string()),
});
export type ServerGroup = z.infer<typeof ServerGroup>;

/** What is needed to create a server like one that was deleted. */
export interface ServerPlan {
  readonly name: string;
  readonly flavorId: string;
  readonly imageId: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly groupId: string | null;
}

export interface Nova {
  servers(): Promise<readonly Server[]>;
  /** Null when it is gone. */
  server(id: string): Promise<Server | null>;
  groups(): Promise<readonly ServerGroup[]>;
  create(plan: ServerPlan, networks: Networks): Promise<string>;
  delete(id: string): Promise<void>;
}

/** Ids of networks, or `auto` (what the project has) or `none`. */
export type Networks = "auto" | "none" | readonly string[];

/** Event alarms of the project's own. Every call throws where the cloud has no AODH. */
export interface Alarms {
  /** Those that have an action, with their ids. */
  list(): Promise<readonly { readonly id: string; readonly actions: readonly string[] }[]>;
  /** Has AODH post to `url` each event of this type that is of the project's. Resolves with the alarm's id. */
  create(eventType: string, url: string): Promise<string>;
  delete(id: string): Promise<void>;
}

export interface Tenant {
  readonly projectId: string;
  readonly nova: Nova;
  readonly alarms: Alarms;
  token(): Promise<string>;
}

export async function connect(credentials: Credentials): Promise<Tenant> {
  let login = await logIn(credentials);
  const token = async (): Promise<string> => {
    if (Date.now() > login.expiresAt - TOKEN_MARGIN_MS) login = await logIn(credentials);
    return login.token;
  };
  const callOf =
    (service: "compute" | "alarming"): Call =>
    async (method, path, body, version = MICROVERSION) => {
      const headers = {
        "content-type": "application/json",
        ...(service === "compute" && { "openstack-api-version": version }),
        "x-auth-token": await token(),
      };
      return fetch(login.urlOf(service) + path, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
    };
  login.urlOf("compute"); // No manager works without: better known at the start.
  return {
    projectId: login.projectId,
    nova: novaOver(callOf("compute")),
    alarms: alarmsOver(callOf("alarming")),
    token,
  };
}

type Call = (method: string, path: string, body?: unknown, version?: string) => Promise<Response>;

function novaOver(call: Call): Nova {
  return {
    async servers() {
      const response = await expect(await call("GET", "/servers/detail"), 200);
      return z.object({ servers: z.array(Server) }).parse(await response.json()).servers;
    },
    async server(id) {
      const response = await expect(await call("GET", `/servers/${id}`), 200, 404);
      if (response.status === 404) return null;
      return z.object({ server: Server }).parse(await response.json()).server;
    },
    async groups() {
      const response = await expect(await call("GET", "/os-server-groups", undefined, GROUPS_MICROVERSION), 200);
      return z.object({ server_groups: z.array(ServerGroup) }).parse(await response.json()).server_groups;
    },
    async create({ name, flavorId, imageId, metadata, groupId }, networks) {
      const response = await call("POST", "/servers", {
        server: {
          name,
          flavorRef: flavorId,
          imageRef: imageId,
          metadata,
          networks: typeof networks === "string" ? networks : networks.map((uuid) => ({ uuid })),
        },
        ...(groupId === null ? {} : { "os:scheduler_hints": { group: groupId } }),
      });
      const created = await (await expect(response, 202)).json();
      return z.object({ server: z.object({ id: z.string() }) }).parse(created).server.id;
    },
    async delete(id) {
      await expect(await call("DELETE", `/servers/${id}`), 204, 404);
    },
  };
}

const AlarmsAnswer = z.array(
  z.object({ alarm_id: z.string(), type: z.string(), alarm_actions: z.array(z.string()).default([]) }),
);

function alarmsOver(call: Call): Alarms {
  return {
    async list() {
      const found = AlarmsAnswer.parse(await (await expect(await call("GET", "/v2/alarms"), 200)).json());
      return found
        .filter(({ type }) => type === "event")
        .map(({ alarm_id, alarm_actions }) => ({ id: alarm_id, actions: alarm_actions }));
    },
    async create(eventType, url) {
      const response = await call("POST", "/v2/alarms", {
        name: `${eventType} at ${new URL(url).host}`,
        type: "event",
        event_rule: { event_type: eventType },
        // Without, it would call once and then never again.
        repeat_actions: true,
        alarm_actions: [url],
      });
      return z.object({ alarm_id: z.string() }).parse(await (await expect(response, 201)).json()).alarm_id;
    },
    async delete(id) {
      await expect(await call("DELETE", `/v2/alarms/${id}`), 204, 404);
    },
  };
}

async function expect(response: Response, ...expected: readonly number[]): Promise<Response> {
  if (expected.includes(response.status)) return response;
  throw new Error(`${response.url} answered ${response.status}: ${(await response.text()).slice(0, 500)}`);
}

interface Login {
  readonly token: string;
  readonly expiresAt: number;
  readonly projectId: string;
  /** The public endpoint of a type of service. Throws when the catalog has none. */
  readonly urlOf: (type: string) => string;
}

const LoggedIn = z.object({
  token: z.object({
    expires_at: z.string(),
    project: z.object({ id: z.string() }),
    catalog: z.array(
      z.object({
        type: z.string(),
        endpoints: z.array(z.object({ interface: z.string(), region: z.string().nullish(), url: z.string() })),
      }),
    ),
  }),
});

async function logIn({ authUrl, region, as }: Credentials): Promise<Login> {
  const response = await fetch(`${authUrl.replace(/\/(v3\/?)?$/, "")}/v3/auth/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ auth: authRequest(as) }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  await expect(response, 201);
  const { token } = LoggedIn.parse(await response.json());
  const urlOf = (service: string): string => {
    const found = token.catalog
      .filter(({ type }) => type === service)
      .flatMap(({ endpoints }) => endpoints)
      .find((endpoint) => endpoint.interface === "public" && (region === undefined || endpoint.region === region));
    if (found) return found.url.replace(/\/$/, "");
    throw new Error(`Keystone's catalog names no public ${service} endpoint${region ? ` in ${region}` : ""}`);
  };
  return {
    token: response.headers.get("x-subject-token") ?? "",
    expiresAt: Date.parse(token.expires_at),
    projectId: token.project.id,
    urlOf,
  };
}

function authRequest(as: Credentials["as"]): unknown {
  if ("applicationCredentialId" in as) {
    const credential = { id: as.applicationCredentialId, secret: as.applicationCredentialSecret };
    return { identity: { methods: ["application_credential"], application_credential: credential } };
  }
  const user = { name: as.username, password: as.password, domain: { name: as.userDomainName } };
  const project = { name: as.projectName, domain: { name: as.projectDomainName } };
  return { identity: { methods: ["password"], password: { user } }, scope: { project } };
}

/** Keystone v3, as far as clients need it to find and enter the other services. */
import type { SimulatedCloud } from "../cloud.ts";
import type { Token } from "../identity.ts";
import { Refusal } from "../refusal.ts";
import type { Project, User, World } from "../world.ts";
import { type CatalogEntry, type CatalogService, demandAdmin, simulatedCatalog } from "./catalog.ts";
import { callerOf, header, noContent, object, ok, param, type Answer, type Api, type Call, type Route } from "./api.ts";

export function keystone(cloud: SimulatedCloud, entries: () => readonly CatalogEntry[]): Api {
  const { world, identity } = cloud;
  const catalog = simulatedCatalog(world, entries);
  const routes: readonly Route[] = [
    {
      method: "GET",
      pattern: "/",
      answer: ({ base }) => ({ status: 300, body: { versions: { values: [versionAt(base)] } } }),
    },
    { method: "GET", pattern: "/v3", answer: ({ base }) => ok({ version: versionAt(base) }) },
    {
      method: "POST",
      pattern: "/v3/auth/tokens",
      answer(call) {
        const { user, method, boundTo } = authenticated(cloud, call);
        const token = identity.issue(user, boundTo ?? scope(world, user, call), method);
        return {
          status: 201,
          body: tokenBody(token, catalog.services()),
          headers: { "x-subject-token": token.secret },
        };
      },
    },
    {
      method: "GET",
      pattern: "/v3/auth/tokens",
      answer(call) {
        const token = subject(cloud, call);
        demandValidator(call, token);
        const told = call.query.has("nocatalog") ? undefined : catalog.services();
        return { ...ok(tokenBody(token, told)), headers: { "x-subject-token": token.secret } };
      },
    },
    {
      method: "DELETE",
      pattern: "/v3/auth/tokens",
      answer(call) {
        identity.revoke(subject(cloud, call));
        return noContent;
      },
    },
    {
      method: "GET",
      pattern: "/v3/auth/projects",
      answer: (call) =>
        projectList(
          call,
          [...callerOf(call).user.roles.keys()].flatMap((id) => world.projects.get(id) ?? []),
        ),
    },
    {
      method: "GET",
      pattern: "/v3/projects",
      answer(call) {
        demandAdmin(call, "identity:list_projects");
        const name = call.query.get("name");
        return projectList(
          call,
          [...world.projects.values()].filter((project) => name === null || project.name === name),
        );
      },
    },
    {
      method: "GET",
      pattern: "/v3/projects/:id",
      answer(call) {
        const project = world.projects.get(param(call, "id"));
        if (project === undefined) throw new Refusal(404, `Could not find project: ${param(call, "id")}.`);
        if (callerOf(call).project !== project) demandAdmin(call, "identity:get_project");
        return ok({ project: projectBody(call, project) });
      },
    },
    ...catalog.routes,
  ];
  return {
    name: "keystone",
    prefix: "/identity",
    routes,
    admit(call) {
      const open =
        call.path === "/" || call.path === "/v3" || (call.method === "POST" && call.path === "/v3/auth/tokens");
      const token = identity.find(header(call, "x-auth-token")) ?? null;
      if (!open && token === null) throw unauthorized();
      return { token, minor: 0 };
    },
    headers: () => ({ vary: "X-Auth-Token" }),
    errorBody: ({ status, message }) => ({ error: { code: status, message, title: titles[status] ?? "Error" } }),
  };
}

/** How a user got in, and the project an application credential is bound to. */
interface Entrant {
  readonly user: User;
  readonly method: Token["method"];
  readonly boundTo: Project | null;
}

function authenticated({ world, identity }: SimulatedCloud, call: Call): Entrant {
  const auth = object(object(call.body)?.["auth"]);
  const proof = object(auth?.["identity"]);
  const methods = proof?.["methods"];
  if (!Array.isArray(methods)) throw new Refusal(400, "'identity' is a required property");
  if (methods.includes("password")) {
    const given = object(object(proof?.["password"])?.["user"]);
    const user = world.users.find(({ id, name }) => id === given?.["id"] || name === given?.["name"]);
    if (user === undefined || user.password !== given?.["password"]) throw unauthorized();
    return { user, method: "password", boundTo: null };
  }
  if (methods.includes("application_credential")) {
    const given = object(proof?.["application_credential"]);
    const owner = object(given?.["user"]);
    for (const user of world.users) {
      const credential = user.applicationCredentials.find(
        ({ id, name }) =>
          id === given?.["id"] ||
          (name === given?.["name"] && (owner?.["id"] === user.id || owner?.["name"] === user.name)),
      );
      if (credential === undefined || credential.secret !== given?.["secret"]) continue;
      return { user, method: "application_credential", boundTo: world.projects.get(credential.project) ?? null };
    }
    throw unauthorized();
  }
  const secret = object(proof?.["token"])?.["id"];
  const token = methods.includes("token") && typeof secret === "string" ? identity.find(secret) : undefined;
  if (token === undefined) throw unauthorized();
  return { user: token.user, method: "token", boundTo: null };
}

function scope(world: World, user: User, call: Call): Project | null {
  const asked = object(object(object(object(call.body)?.["auth"])?.["scope"])?.["project"]);
  if (asked === undefined) return null;
  for (const id of user.roles.keys()) {
    const project = world.projects.get(id);
    if (project !== undefined && (id === asked["id"] || project.name === asked["name"])) return project;
  }
  throw unauthorized();
}

function subject({ identity }: SimulatedCloud, call: Call): Token {
  const token = identity.find(header(call, "x-subject-token"));
  if (token === undefined) throw new Refusal(404, "Could not recognize Fernet token");
  return token;
}

/** Keystone tells of a token to whoever holds it, and of others to admins and services only. */
function demandValidator(call: Call, token: Token): void {
  const caller = callerOf(call);
  if (caller !== token && !caller.roles.includes("service")) demandAdmin(call, "identity:validate_token");
}

export function unauthorized(): Refusal {
  return new Refusal(401, "The request you have made requires authentication.");
}

/** `catalog` undefined: it is left out, for those who asked for none. */
function tokenBody(token: Token, catalog: readonly CatalogService[] | undefined): unknown {
  const { user, project, roles } = token;
  const known = {
    methods: [token.method],
    user: { domain, id: user.id, name: user.name, password_expires_at: null },
    audit_ids: [token.auditId],
    expires_at: zulu(token.expiresAt),
    issued_at: zulu(token.issuedAt),
  };
  if (project === null) return { token: known };
  const scoped = { project: { domain, id: project.id, name: project.name }, is_domain: false };
  return { token: { ...known, ...scoped, roles: roles.map((name) => ({ id: roleId(name), name })), catalog } };
}

function roleId(name: string): string {
  return Buffer.from(name.padEnd(16, ".")).toString("hex").slice(0, 32);
}

function projectList(call: Call, projects: readonly Project[]): Answer {
  const links = { self: `${call.base}${call.path}`, previous: null, next: null };
  return ok({ projects: projects.map((project) => projectBody(call, project)), links });
}

function projectBody({ base }: Call, { id, name }: Project): unknown {
  const links = { self: `${base}/v3/projects/${id}` };
  const fixed = {
    domain_id: "default",
    parent_id: "default",
    is_domain: false,
    enabled: true,
    description: "",
    tags: [],
    options: {},
  };
  return { id, name, ...fixed, links };
}

function versionAt(base: string): unknown {
  return {
    id: "v3.14",
    status: "stable",
    updated: "2020-04-07T00:00:00Z",
    links: [{ rel: "self", href: `${base}/v3/` }],
    "media-types": [{ base: "application/json", type: "application/vnd.openstack.identity-v3+json" }],
  };
}

function zulu(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}.000000Z`;
}

const domain = { id: "default", name: "Default" };

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

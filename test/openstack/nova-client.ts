/**
 * A plain client of Keystone, Nova and Placement that shares nothing with Fenix's own: what it says about the cloud is the
 * other side of the story. Nothing is retried and nothing forgiven; an answer out of order throws.
 */
export interface Login {
  readonly authUrl: string;
  readonly user: string;
  readonly password: string;
  readonly project: string;
  readonly region: string | undefined;
}

export interface Client {
  readonly projectId: string;
  ask<Body>(service: ServiceType, method: string, path: string, body?: unknown): Promise<Reply<Body>>;
  /** Throws unless the status is below 400. */
  get<Body>(service: ServiceType, path: string): Promise<Body>;
  post<Body>(service: ServiceType, path: string, body: unknown): Promise<Body>;
  remove(service: ServiceType, path: string): Promise<void>;
}

export type ServiceType = "compute" | "placement" | "image" | "alarming";

export interface Reply<Body> {
  readonly status: number;
  readonly body: Body;
}

interface Token {
  readonly project: { readonly id: string };
  readonly catalog: readonly { readonly type: string; readonly endpoints: readonly Endpoint[] }[];
}
interface Endpoint {
  readonly interface: string;
  readonly region: string;
  readonly url: string;
}

export function loginFrom(env: Readonly<Record<string, string | undefined>>, project?: string): Login {
  const needed = (name: string): string => {
    const value = env[name];
    if (!value) throw new Error(`${name} is not set`);
    return value;
  };
  return {
    authUrl: needed("OS_AUTH_URL").replace(/\/+$/, ""),
    user: needed("OS_USERNAME"),
    password: needed("OS_PASSWORD"),
    project: project ?? needed("OS_PROJECT_NAME"),
    region: env["OS_REGION_NAME"],
  };
}

/** Logs in once. A token outlives a test run on a cloud with usual settings. */
export async function logIn({ authUrl, user, password, project, region }: Login): Promise<Client> {
  const domain = { name: "Default" };
  const answer = await fetch(`${authUrl}/auth/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      auth: {
        identity: { methods: ["password"], password: { user: { name: user, domain, password } } },
        scope: { project: { name: project, domain } },
      },
    }),
  });
  if (answer.status !== 201) throw new Error(`${user} may not enter project ${project}: ${answer.status}`);
  const secret = answer.headers.get("x-subject-token") ?? "";
  const { token } = (await answer.json()) as { token: Token };
  const urlOf = (type: string): string => {
    const endpoints = token.catalog.filter((service) => service.type === type).flatMap((service) => service.endpoints);
    const found = endpoints.find((one) => one.interface === "public" && (!region || one.region === region));
    if (found === undefined) throw new Error(`the catalog has no ${type}`);
    return found.url.replace(/\/+$/, "");
  };
  const versions = { compute: "compute 2.87", placement: "placement 1.30", image: "", alarming: "" };

  const ask = async <Body>(type: ServiceType, method: string, path: string, body?: unknown): Promise<Reply<Body>> => {
    const response = await fetch(`${urlOf(type)}${path}`, {
      method,
      headers: {
        "x-auth-token": secret,
        "content-type": "application/json",
        ...(versions[type] === "" ? {} : { "openstack-api-version": versions[type] }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(90_000),
    });
    const text = await response.text();
    return { status: response.status, body: (text === "" ? null : JSON.parse(text)) as Body };
  };
  const must = async <Body>(type: ServiceType, method: string, path: string, body?: unknown): Promise<Body> => {
    const reply = await ask<Body>(type, method, path, body);
    if (reply.status >= 400) throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  };
  return {
    projectId: token.project.id,
    ask,
    get: (type, path) => must(type, "GET", path),
    post: (type, path, body) => must(type, "POST", path, body),
    async remove(type, path) {
      const { status, body } = await ask(type, "DELETE", path);
      if (status >= 400 && status !== 404) throw new Error(`DELETE ${path}: ${status} ${JSON.stringify(body)}`);
    },
  };
}

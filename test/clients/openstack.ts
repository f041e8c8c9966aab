/** Keystone and Nova as the managers ask them. */

export interface Login {
  readonly authUrl: string;
  readonly user: string;
  readonly password: string;
  readonly project: string;
}

export interface Entered {
  readonly token: string;
  readonly projectId: string;
  /** The public endpoint of a service, by its type. */
  readonly endpoint: (type: string) => string;
  readonly get: <Answer>(url: string) => Promise<Answer>;
}

interface CatalogService {
  readonly type: string;
  readonly endpoints: readonly { readonly interface: string; readonly url: string }[];
}

export async function enter({ authUrl, user, password, project }: Login): Promise<Entered> {
  const domain = { id: "default" };
  const answer = await fetch(`${authUrl}/auth/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      auth: {
        identity: { methods: ["password"], password: { user: { name: user, password, domain } } },
        scope: { project: { name: project, domain } },
      },
    }),
  });
  if (answer.status !== 201) throw new Error(`Keystone answered ${answer.status} to ${user}`);
  const token = answer.headers.get("x-subject-token") ?? "";
  const { token: told } = (await answer.json()) as { token: { project: { id: string }; catalog: CatalogService[] } };
  return {
    token,
    projectId: told.project.id,
    endpoint: (type) => {
      const service = told.catalog.find((one) => one.type === type);
      const found = service?.endpoints.find((one) => one.interface === "public");
      if (!found) throw new Error(`the catalog has no ${type}`);
      return found.url;
    },
    get: async <Answer>(url: string) => {
      const got = await fetch(url, { headers: { "x-auth-token": token, "x-openstack-nova-api-version": "2.34" } });
      if (got.status !== 200) throw new Error(`${url}: ${got.status}`);
      return (await got.json()) as Answer;
    },
  };
}

export interface Server {
  readonly id: string;
  readonly name: string;
}

export const serversOf = async ({ get, endpoint }: Entered): Promise<readonly Server[]> =>
  (await get<{ servers: Server[] }>(`${endpoint("compute")}/servers/detail`)).servers;

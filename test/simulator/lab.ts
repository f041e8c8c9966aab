/** The cloud the real answers were captured from, built again in the simulator. */
import { manualClock, type ManualClock } from "../../src/simulator/clock.ts";
import { startSimulator, type Simulator } from "../../src/simulator/simulator.ts";
import type { CloudOptions } from "../../src/simulator/build-world.ts";
import type { Instance } from "../../src/simulator/world.ts";

export interface Lab extends Simulator {
  readonly clock: ManualClock;
  readonly tokens: Readonly<Record<Person, string>>;
  /** Not in a group, on compute-3. */
  readonly server: Instance;
  get(path: string, as?: Person): Promise<Response>;
  post(path: string, body: unknown, as?: Person): Promise<Response>;
  put(path: string, body: unknown, as?: Person): Promise<Response>;
  remove(path: string, as?: Person): Promise<Response>;
  /** An action on `server` by the admin; the status of the answer. */
  act(body: unknown, server?: Instance): Promise<number>;
  shown(server?: Instance): Promise<Shown>;
}

export type Person = "admin" | "alice" | "bob";

export interface Shown {
  readonly status: string;
  readonly task: string | null;
  readonly vm: string;
  readonly host: string | null;
}

export const labOptions = {
  hosts: Array.from({ length: 6 }, (_, place) => `compute-${place + 1}`),
  controllers: ["vm"],
  projects: [
    { name: "tenant-a", users: [{ name: "alice", password: "secret" }] },
    { name: "tenant-b", users: [{ name: "bob", password: "secret" }] },
  ],
  groups: [
    { name: "apart", project: "tenant-a" },
    { name: "apart", project: "tenant-b" },
  ],
  instances: ["tenant-a", "tenant-b"].flatMap((project) =>
    Array.from({ length: 12 }, (_, place) => ({
      name: `${project}-${place + 1}`,
      project,
      host: `compute-${(place % 6) + 1}`,
      ...(place < 4 ? { group: "apart" } : {}),
    })),
  ),
} satisfies CloudOptions;

export async function startLab(options: Partial<CloudOptions> = {}): Promise<Lab> {
  const clock = manualClock();
  const simulator = await startSimulator({ ...labOptions, clock, ...options });
  const { url, authUrl, cloud } = simulator;
  const tokens = {
    admin: await logIn(authUrl, "admin", "admin", "admin"),
    alice: await logIn(authUrl, "alice", "secret", "tenant-a"),
    bob: await logIn(authUrl, "bob", "secret", "tenant-b"),
  };
  const ask = async (method: string, path: string, as: Person, body?: unknown): Promise<Response> => {
    const service = path.startsWith("/placement") ? "placement 1.39" : "compute 2.93";
    const headers = { "x-auth-token": tokens[as], "openstack-api-version": service };
    return fetch(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  };
  const server = cloud.instance("tenant-a-9");
  return {
    ...simulator,
    clock,
    tokens,
    server,
    get: async (path, as = "admin") => ask("GET", path, as),
    post: async (path, body, as = "admin") => ask("POST", path, as, body),
    put: async (path, body, as = "admin") => ask("PUT", path, as, body),
    remove: async (path, as = "admin") => ask("DELETE", path, as),
    async act(body, on = server) {
      return (await ask("POST", `/compute/v2.1/servers/${on.id}/action`, "admin", body)).status;
    },
    async shown(on = server) {
      const answer = await ask("GET", `/compute/v2.1/servers/${on.id}`, "admin");
      const { server: found } = (await answer.json()) as { server: Record<string, string | null> };
      return {
        status: found["status"] ?? "",
        task: found["OS-EXT-STS:task_state"] ?? null,
        vm: found["OS-EXT-STS:vm_state"] ?? "",
        host: found["OS-EXT-SRV-ATTR:host"] ?? null,
      };
    },
  };
}

export async function logIn(authUrl: string, name: string, password: string, project: string | null): Promise<string> {
  const answer = await fetch(`${authUrl}/auth/tokens`, {
    method: "POST",
    body: JSON.stringify(credentials(name, password, project)),
  });
  if (answer.status !== 201) throw new Error(`${name} may not enter: ${answer.status}`);
  return answer.headers.get("x-subject-token") ?? "";
}

export function credentials(name: string, password: string, project: string | null): unknown {
  const domain = { id: "default" };
  const identity = { methods: ["password"], password: { user: { name, domain, password } } };
  return { auth: { identity, ...(project === null ? {} : { scope: { project: { name: project, domain } } }) } };
}

/** Fills a cloud with servers and empties it again, in the name of its projects and through its API. */
import { logIn, loginFrom, type Client } from "./nova-client.ts";
import type { Observer, SeenServer } from "./nova-observer.ts";

export interface Boot {
  readonly name: string;
  /** Pinned there for the boot only; Nova's scheduler chooses when absent. */
  readonly host?: string;
  readonly group?: string;
  readonly flavor?: string;
}

export interface Tenant {
  readonly projectId: string;
  /** The admin in the tenant's project, who alone may pin a server to a host. */
  readonly client: Client;
  /** Resolves when it is ACTIVE. */
  boot(boot: Boot): Promise<SeenServer>;
  /** At most so many at once; members of a group one by one, since Nova checks anti-affinity only at the very end. */
  bootAll(boots: readonly Boot[]): Promise<readonly SeenServer[]>;
  act(id: string, action: unknown): Promise<void>;
  remove(id: string): Promise<void>;
  antiAffinityGroup(name: string): Promise<string>;
  /** Deletes every server and server group of the project. */
  clean(): Promise<void>;
}

const BOOTS_AT_ONCE = 4;

export async function openTenant(
  env: Readonly<Record<string, string | undefined>>,
  project: string,
  observer: Observer,
): Promise<Tenant> {
  const client = await logIn(loginFrom(env, project));
  const image = await anyImage(client);
  const { flavors } = await client.get<{ flavors: { id: string; name: string }[] }>("compute", "/flavors");

  const tenant: Tenant = {
    projectId: client.projectId,
    client,
    async boot({ name, host, group, flavor = "small" }) {
      const flavorRef = flavors.find((one) => one.name === flavor)?.id;
      if (flavorRef === undefined) throw new Error(`the cloud has no flavor ${flavor}`);
      const { server } = await client.post<{ server: { id: string } }>("compute", "/servers", {
        server: { name, flavorRef, networks: "none", ...(image ? { imageRef: image } : {}), ...(host ? { host } : {}) },
        ...(group ? { "os:scheduler_hints": { group } } : {}),
      });
      const booted = await observer.until(server.id, (seen) => seen === null || seen.status !== "BUILD");
      if (booted?.status !== "ACTIVE") throw new Error(`${name} did not boot: ${booted?.status ?? "gone"}`);
      return booted;
    },
    async bootAll(boots) {
      const booted: SeenServer[] = [];
      for (const boot of boots.filter(({ group }) => group !== undefined)) booted.push(await tenant.boot(boot));
      const queue = boots.filter(({ group }) => group === undefined).values();
      const worker = async () => {
        for (const boot of queue) booted.push(await tenant.boot(boot));
      };
      await Promise.all(Array.from({ length: BOOTS_AT_ONCE }, worker));
      return booted;
    },
    act: (id, action) => client.post("compute", `/servers/${id}/action`, action),
    remove: (id) => client.remove("compute", `/servers/${id}`),
    async antiAffinityGroup(name) {
      const body = { server_group: { name, policy: "anti-affinity" } };
      return (await client.post<{ server_group: { id: string } }>("compute", "/os-server-groups", body)).server_group
        .id;
    },
    async clean() {
      const mine = (await observer.servers()).filter((server) => server.project === client.projectId);
      for (const { id } of mine) await tenant.remove(id);
      for (const { id } of mine) await observer.until(id, (seen) => seen === null);
      const { server_groups: groups } = await client.get<{ server_groups: { id: string }[] }>(
        "compute",
        "/os-server-groups",
      );
      for (const { id } of groups) await client.remove("compute", `/os-server-groups/${id}`);
    },
  };
  return tenant;
}

/** Opens hosts that a session left closed when its test was cut off. What others closed stays closed. */
export async function openLeftClosed(client: Client, observer: Observer): Promise<void> {
  const left = (await observer.services()).filter(
    ({ status, reason }) => status === "disabled" && reason?.startsWith("maintenance: fenix session "),
  );
  for (const { id, host } of left) {
    const { status } = await client.ask("compute", "PUT", `/os-services/${id}`, { status: "enabled" });
    if (status !== 200) throw new Error(`${host} cannot be opened: ${status}`);
  }
}

/** The simulated cloud has no images, and boots without. */
async function anyImage(client: Client): Promise<string | null> {
  const { status, body } = await client.ask<{ images: { id: string }[] } | null>("image", "GET", "/v2/images");
  return status === 200 ? (body?.images[0]?.id ?? null) : null;
}

/** Placement's API, as far as Fenix uses it: what every host has, and who holds how much of it. */
import { z } from "zod";
import { Problem } from "../../problems.ts";
import { versions } from "./microversion.ts";
import { route, type Service } from "./service.ts";

export type Placement = ReturnType<typeof placementApi>;

/** 1.14 brought trees of providers: a host's GPUs or network cards may be providers of their own below it. */
const TREES = versions("1.14");

type Options = { readonly signal: AbortSignal };

export function placementApi(placement: Service) {
  return {
    providers: async ({ signal }: Options): Promise<readonly ProviderRow[]> =>
      (
        await placement.get({
          doing: "list the resource providers",
          route: route`/resource_providers`,
          version: TREES,
          schema: z.object({ resource_providers: z.array(ProviderRow) }),
          signal,
        })
      ).resource_providers,

    inventories: async (provider: string, { signal }: Options): Promise<Readonly<Record<string, Inventory>>> =>
      (
        await placement.get({
          doing: "read the inventory of a resource provider",
          route: route`/resource_providers/${provider}/inventories`,
          version: TREES,
          schema: z.object({ inventories: z.record(z.string(), Inventory) }),
          signal,
        })
      ).inventories,

    /** By consumer: servers, and migrations that hold a place on the host they leave. Null when the provider is gone. */
    async allocations(provider: string, { signal }: Options): Promise<Allocations | null> {
      const doing = "read the allocations of a resource provider";
      const called = await placement.ask({
        doing,
        route: route`/resource_providers/${provider}/allocations`,
        version: TREES,
        schema: z.object({ allocations: z.record(z.string(), Allocation) }),
        signal,
      });
      if (called.kind === "done") return called.value.allocations;
      if (called.status === 404) return null;
      throw new Problem("CLOUD_REFUSED", `could not ${doing}: placement answered ${called.status}: ${called.reason}`);
    },
  };
}

const ProviderRow = z.object({
  uuid: z.string(),
  /** Changes with the inventory, so what was read at a generation holds as long as it does. */
  generation: z.number(),
  root_provider_uuid: z.string(),
});
export type ProviderRow = z.infer<typeof ProviderRow>;

const Inventory = z.object({
  total: z.number(),
  reserved: z.number().default(0),
  allocation_ratio: z.number().default(1),
});
export type Inventory = z.infer<typeof Inventory>;

const Allocation = z.object({ resources: z.record(z.string(), z.number()) });
export type Allocations = Readonly<Record<string, z.infer<typeof Allocation>>>;

/** Placement's API, as far as Fenix uses it: what every host has, and who holds how much of it. */
import { z } from "zod";
import { Problem } from "../../problems.ts";
import { versions } from "./microversion.ts";
import { route, type Called, type Service } from "./service.ts";

export type Placement = ReturnType<typeof placementApi>;

/** 1.14 brought trees of providers: a host's GPUs or network cards may be providers of their own below it. */
const TREES = versions("1.14");

/** From 1.28 on allocations are written with the generation that was read, so nobody's change is lost (Placement API). */
const GUARDED = versions("1.28");

type Options = { readonly signal: AbortSignal };

export function placementApi(placement: Service) {
  return {
    providers: async ({ signal }: Options): Promise<readonly ProviderRow[]> =>
      (
        await placement.get({
          doing: "list the resource providers",
          route: route`/resource_providers`,
          version: TREES,
          schema: Providers,
          signal,
        })
      ).resource_providers,

    inventories: async (provider: string, { signal }: Options): Promise<Readonly<Record<string, Inventory>>> =>
      (
        await placement.get({
          doing: "read the inventory of a resource provider",
          route: route`/resource_providers/${provider}/inventories`,
          version: TREES,
          schema: Inventories,
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
        schema: ProviderAllocations,
        signal,
      });
      if (called.kind === "done") return called.value.allocations;
      if (called.status === 404) return null;
      throw new Problem("CLOUD_REFUSED", `could not ${doing}: placement answered ${called.status}: ${called.reason}`);
    },

    canReplaceAllocations: ({ signal }: Options): Promise<boolean> => placement.knows(GUARDED, signal),

    /** What one consumer holds, by provider. */
    held: (consumer: string, { signal }: Options): Promise<Held> =>
      placement.get({
        doing: `read the allocations of ${consumer}`,
        route: route`/allocations/${consumer}`,
        version: GUARDED,
        schema: Held,
        signal,
      }),

    /** Gives a consumer these allocations instead of what `held` told; none at all takes the consumer away. */
    replace: (
      consumer: string,
      held: Held,
      allocations: Held["allocations"],
      { signal }: Options,
    ): Promise<Called<unknown>> =>
      placement.ask({
        doing: `change the allocations of ${consumer}`,
        method: "PUT",
        route: route`/allocations/${consumer}`,
        version: GUARDED,
        body: {
          allocations: Object.fromEntries(
            Object.entries(allocations).map(([provider, { resources }]) => [provider, { resources }]),
          ),
          project_id: held.project_id,
          user_id: held.user_id,
          consumer_generation: held.consumer_generation,
        },
        schema: Anything,
        signal,
      }),
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
/** A consumer that Placement does not know holds nothing, and has neither owner nor generation. */
const Held = z.object({
  allocations: z.record(z.string(), Allocation),
  project_id: z.string().optional(),
  user_id: z.string().optional(),
  consumer_generation: z.number().nullish(),
});
export type Held = z.infer<typeof Held>;

export type Allocations = Readonly<Record<string, z.infer<typeof Allocation>>>;

// The answers as a whole. zod makes a program of each schema at its first use, so none is made anew for every call.
const Anything = z.unknown();
const Providers = z.object({ resource_providers: z.array(ProviderRow) });
const Inventories = z.object({ inventories: z.record(z.string(), Inventory) });
const ProviderAllocations = z.object({ allocations: z.record(z.string(), Allocation) });

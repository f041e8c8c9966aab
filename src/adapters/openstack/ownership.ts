/** Whose instances and server groups are, as Nova says. */
import type { Ownership } from "../../ports/ownership.ts";
import type { Nova } from "./nova.ts";

export const ownership = (nova: Nova): Ownership => ({
  instance: async (id, options) => (await nova.server(id, options))?.project ?? null,
  // Asked only where two projects claim one id, so the whole list does no harm.
  group: async (id, options) => (await nova.groups(options)).find((group) => group.id === id)?.project ?? null,
});

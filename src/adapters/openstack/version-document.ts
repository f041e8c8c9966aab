import { z } from "zod";
import { parseMicroversion, type VersionRange } from "./microversion.ts";

/** Nova calls its newest version `version`, Placement `max_version`; where several APIs are listed, the current one counts. */
const Version = z.object({
  status: z.string().optional(),
  version: z.string().optional(),
  max_version: z.string().optional(),
  min_version: z.string().default(""),
});
type Version = z.infer<typeof Version>;

export const VersionDocument = z
  .union([
    z.object({ version: Version }).transform(({ version }) => version),
    z.object({ versions: z.array(Version).min(1) }).transform(({ versions }) => currentOf(versions)),
  ])
  .transform((version, context): VersionRange => {
    const from = parseMicroversion(version.min_version);
    const to = parseMicroversion(version.max_version ?? version.version ?? "");
    if (from !== null && to !== null) return { from, to };
    context.addIssue("no microversions");
    return z.NEVER;
  });

const currentOf = (versions: readonly Version[]): Version =>
  versions.find(({ status }) => status === "CURRENT") ?? versions[0] ?? { min_version: "" };

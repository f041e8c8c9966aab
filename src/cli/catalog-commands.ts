import type { Command } from "commander";
import { enterCloud } from "../adapters/openstack/login.ts";
import { registerService } from "../adapters/openstack/register-service.ts";
import { Usage } from "./endings.ts";
import { inWords } from "./login.ts";
import type { Calling } from "./main.ts";
import { table } from "./table.ts";

/** Talks to Keystone and not to Fenix, which need not run yet. */
export function addCatalogCommands(program: Command, calling: Calling): void {
  const catalog = program.command("catalog").description("Keystone's catalog").helpCommand(false);

  calling<{ readonly region?: string }>(
    catalog
      .command("register")
      .description("let clients find Fenix under the type maintenance; may be done again")
      .option("--region <name>", "of the endpoints (default: OS_REGION_NAME, or the cloud's only one)"),
    async ({ client, answer }, _, { region = null }) => {
      const url = `${client.url}/v1`;
      const endpoints = await inWords(
        enterCloud(client.openstack, (entered) => registerService(entered, { url, region })),
      );
      if (endpoints === null) throw new Usage("which cloud? Set OS_CLOUD, or OS_AUTH_URL and its companions");
      const rows = endpoints.map((one) => [one.interface, one.region, one.url, one.change]);
      answer({ endpoints }, () => table(["INTERFACE", "REGION", "URL", "CHANGE"], rows, "none"));
    },
  );
}

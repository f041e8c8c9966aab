import type { Command } from "commander";
import type { Calling } from "./main.ts";
import { often } from "./often.ts";
import { table } from "./table.ts";

interface AddOptions {
  readonly project?: string;
  readonly event?: readonly string[];
  readonly format?: string;
}

export function addWebhookCommands(program: Command, calling: Calling): void {
  const webhook = program.command("webhook").description("who is told of maintenance").helpCommand(false);

  calling<AddOptions>(
    webhook
      .command("add <url>")
      .description("tell a project's manager, or (without a project) an admin's or infrastructure service")
      .option("--project <id>", "the project for which it answers")
      .option("--format <name>", "aodh, or cloudevents: signed, with a secret that is printed once")
      .option("--event <type>", "maintenance.scheduled, .host or .session; may be given often", often),
    async ({ api, answer }, [url = ""], { project, event, format }) => {
      const added = await api.addWebhook({
        url,
        ...(project !== undefined && { project_id: project }),
        ...(event && { events: event }),
        ...(format !== undefined && { format }),
      });
      answer(added, () => [added.webhook_id, added.secret, ""].filter((line) => line !== undefined).join("\n"));
    },
  );

  calling<{ readonly project?: string }>(
    webhook.command("list").description("all webhooks").option("--project <id>", "only those of this project"),
    async ({ api, answer }, _, { project }) => {
      const found = await api.webhooks(project);
      const rows = found.webhooks.map(({ webhook_id, project_id, url, events, off }) => [
        webhook_id,
        project_id ?? "-",
        events.join(","),
        `${url}${off ? " (off)" : ""}`,
      ]);
      answer(found, () => table(["ID", "PROJECT", "EVENTS", "URL"], rows, "no webhooks"));
    },
  );

  calling(
    webhook.command("secret <id>").description("give it a new secret; for a day the old one signs too"),
    async ({ api, answer }, [id = ""]) => {
      const changed = await api.changeWebhookSecret(id);
      answer(changed, () => `${changed.secret}\n`);
    },
  );

  calling(
    webhook.command("remove <id>").description("tell it nothing any more"),
    async ({ api, answer }, [id = ""]) => {
      answer(await api.removeWebhook(id), () => "removed\n");
    },
  );
}

import type { Command } from "commander";
import { wholeTimeline } from "./fenix-api.ts";
import type { Calling } from "./main.ts";
import { digestIn } from "./plan-files.ts";
import { often } from "./often.ts";
import { sessionRequest, type SessionOptions } from "./session-request.ts";
import { sessionInWords, sessionsInWords } from "./session-words.ts";
import { timelineLine, withNames } from "./timeline-words.ts";
import { watch } from "./watch.ts";

type CreateOptions = SessionOptions & { readonly file?: string; readonly watch?: true; readonly plan?: string };

export function addSessionCommands(program: Command, calling: Calling): void {
  const session = program.command("session").description("maintenance sessions").helpCommand(false);

  calling<CreateOptions>(
    session
      .command("create")
      .description("start a session")
      .option("--hosts <names>", "hosts, separated by commas; none named means every compute and controller")
      .option("--host <name>", "one host; may be given often", often)
      .option("--at <time>", 'when hosts may be touched: "2026-11-25 08:30" (UTC), +5m, now')
      .option("--workflow <name>", "which workflow decides")
      .option("--action <plugin:type[:json]>", "a host action and when it runs; may be given often", often)
      .option("--option <key=value>", "an option of the session; may be given often", often)
      .option("--metadata <key=value>", "told to every project; a JSON object is understood too", often)
      .option(
        "--plan <file|digest>",
        "go by this plan, which names the hosts; begins only while the cloud is as it was",
      )
      .option("-f, --file <path>", "a JSON file to begin with, - for the standard input; the other options go over it")
      .option("--watch", "follow it to its end"),
    async (call, _, options) => {
      const file = options.file === undefined ? "{}" : await call.terminal.read(options.file);
      const planDigest = options.plan === undefined ? undefined : await digestIn(options.plan, call.terminal);
      const request = sessionRequest({ ...options, planDigest }, file, call.terminal.now());
      const created = await call.api.createSession(request);
      if (!options.watch) return call.answer(created, () => `${created.session_id}\n`);
      await watch(created.session_id, call);
    },
  );

  calling(session.command("list").description("all sessions"), async ({ api, answer }) => {
    const sessions = await api.sessions();
    answer(sessions, () => sessionsInWords(sessions.summaries));
  });

  calling(
    session.command("show <id>").description("everything about one session"),
    async ({ api, answer, terminal }, [id = ""]) => {
      const detail = await api.session(id);
      answer(detail, () => sessionInWords(detail, terminal.now()));
    },
  );

  calling(
    session
      .command("watch <id>")
      .description("follow a session to its end; exit code 0 when it is done, 1 when it failed"),
    async (call, [id = ""]) => watch(id, call),
  );

  calling(
    session.command("timeline <id>").description("what happened, oldest first"),
    async ({ api, answer }, [id = ""]) => {
      const [detail, entries] = [await api.session(id), await wholeTimeline(api, id)];
      const named = withNames(detail);
      answer({ entries }, () => entries.map((entry) => `${timelineLine(entry, named)}\n`).join(""));
    },
  );

  calling<{ readonly state?: string }>(
    session
      .command("continue <id>")
      .description("let a failed session go on, once its cause is mended")
      .option("--state <state>", "where to go on (default: where it failed)"),
    async ({ api, answer }, [id = ""], { state }) => {
      const continued = await api.continueSession(id, state);
      answer(continued, () => `goes on in ${continued.state}\n`);
    },
  );

  calling(
    session
      .command("delete <id>")
      .description("end and forget a session; what runs comes to a safe end, hosts it closed open again"),
    async ({ api, answer }, [id = ""]) => {
      answer(await api.deleteSession(id), () => "deleted\n");
    },
  );
}

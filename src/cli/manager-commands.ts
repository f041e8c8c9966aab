import { randomBytes, randomUUID } from "node:crypto";
import { type Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { Cast } from "../rehearsal/cast.ts";
import { type LittleFenix, startLittleFenix } from "../rehearsal/little-fenix.ts";
import { type Format, signedWith } from "../rehearsal/letters.ts";
import { rehearse, type Report, type SceneReport } from "../rehearsal/rehearse.ts";
import { Refused, Unreachable, Usage } from "./endings.ts";
import { often } from "./often.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

interface Address {
  readonly host: string;
  readonly port: number;
}

interface CheckOptions {
  readonly listen?: Address;
  readonly publicUrl?: string;
  readonly project?: string;
  readonly instance?: readonly string[];
  readonly replySeconds: number;
  readonly answerSeconds: number;
  readonly settleSeconds: number;
  readonly format?: "aodh" | "cloudevents";
  readonly secret?: string;
  readonly json?: boolean;
}

/** Long enough to start a manager by hand. */
const REGISTERED_WITHIN_MS = 600_000;

const ANYWHERE_HERE: Address = { host: "127.0.0.1", port: 0 };

/** Enough to see which of them a manager forgets. */
const INSTANCES = 3;

export function addManagerCommands(program: Command, terminal: Terminal): void {
  const manager = program.command("manager").description("for authors of application managers").helpCommand(false);
  manager
    .command("check [url]")
    .description("play a whole session to a manager under development, and say what it got wrong (exit code 1)")
    .addHelpText(
      "after",
      "\nWithout a URL it waits until a manager registers its webhook at the Fenix that it plays." +
        "\nThe manager acts as in a real session: it is asked to scale in.",
    )
    .option(
      "--listen <host:port>",
      "where the Fenix that it plays listens (default: a free port of 127.0.0.1)",
      address,
    )
    .option("--public-url <url>", "under which URL the manager reaches it (default: where it listens)")
    .option("--project <id>", "the project for which the manager answers (default: an invented one)")
    .option("--instance <id>", "an instance of the project; may be given often (default: invented ones)", often)
    .addOption(
      new Option(
        "--format <format>",
        "of the messages (default: what the manager registers with, or with a URL aodh)",
      ).choices(["aodh", "cloudevents"]),
    )
    .option("--secret <secret>", "with which cloudevents to a URL are signed, whsec_… (default: a new one, told)")
    .option("--reply-seconds <number>", "how long a reply may take", seconds, 40)
    .option("--answer-seconds <number>", "how long the answer to a message may take", seconds, 10)
    .option("--settle-seconds <number>", "how long to listen on after each reply", seconds, 1)
    .option("--json", "print JSON, for programs")
    .action(async (url: string | undefined, options: CheckOptions) => {
      const fenix = await startLittleFenix(options.listen ?? ANYWHERE_HERE).catch((error: unknown) => {
        throw new Usage(`cannot listen there: ${error instanceof Error ? error.message : String(error)}`);
      });
      try {
        await check(url, { options, fenix, terminal });
      } finally {
        await fenix.close();
      }
    });
}

interface Checking {
  readonly options: CheckOptions;
  readonly fenix: LittleFenix;
  readonly terminal: Terminal;
}

async function check(url: string | undefined, { options, fenix, terminal }: Checking): Promise<void> {
  const publicUrl = options.publicUrl ?? fenix.url;
  terminal.complain(`Fenix is played at ${publicUrl}`);
  const {
    url: manager,
    project,
    format,
  } = url === undefined
    ? await registered(fenix, publicUrl, terminal)
    : { url, project: null, format: formatFor(options, terminal) };
  if (options.format !== undefined && options.format !== format.kind)
    throw new Usage(`the manager registered with the format ${format.kind}, and not ${options.format}`);
  const cast = Cast.safeParse({
    manager,
    project: options.project ?? project ?? randomBytes(16).toString("hex"),
    instances: options.instance ?? Array.from({ length: INSTANCES }, () => randomUUID()),
  });
  if (!cast.success) throw new Usage(z.prettifyError(cast.error));
  const report = await rehearse(cast.data, fenix, { publicUrl, timing: options, format });
  const answer = { manager, project: cast.data.project, ...report };
  terminal.write(options.json ? `${JSON.stringify(answer, null, 2)}\n` : reportInWords(manager, report));
  const faults = report.scenes.flatMap((scene) => scene.faults).length;
  if (!report.conforms) throw new Refused(`${faults} ${faults === 1 ? "fault" : "faults"}`);
}

/** For a manager that cannot register: it has to know the secret already, or is told one. */
function formatFor({ format = "aodh", secret }: CheckOptions, terminal: Terminal): Format {
  if (format === "aodh") {
    if (secret !== undefined) throw new Usage("--secret is for --format cloudevents");
    return { kind: "aodh" };
  }
  if (secret !== undefined && !/^whsec_[A-Za-z0-9+/]+=*$/.test(secret))
    throw new Usage("--secret must be whsec_ and Base64, as Fenix shows it");
  const signed = signedWith(secret);
  if (secret === undefined) terminal.complain(`messages are signed with ${signed.secret}`);
  return signed;
}

async function registered(fenix: LittleFenix, publicUrl: string, terminal: Terminal) {
  terminal.complain(`waiting for a manager to register by POST ${publicUrl}/v1/webhooks`);
  const found = await fenix.registered(REGISTERED_WITHIN_MS);
  if (found === null) throw new Unreachable(`no manager registered within ${REGISTERED_WITHIN_MS / 60_000} min`);
  return found;
}

function reportInWords(manager: string, { conforms, scenes }: Report): string {
  const rows = scenes.map((scene) => [scene.title, scene.verdict, whatWasHeard(scene)]);
  const faults = scenes.flatMap(({ title, faults }) => faults.map(({ kind, text }) => [title, kind, text]));
  return [
    `${manager}: ${conforms ? "conforms" : "does not conform"}\n`,
    table(["SCENE", "VERDICT", "HEARD"], rows),
    ...(faults.length > 0 ? [`\n${table(["SCENE", "FAULT", "WHAT"], faults)}`] : []),
  ].join("");
}

const whatWasHeard = ({ heard }: SceneReport): string => heard.join("; ") || "-";

function address(text: string): Address {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || port === undefined || Number(port) > 65_535)
    throw new InvalidArgumentError("an address such as 127.0.0.1:12399.");
  return { host, port: Number(port) };
}

function seconds(text: string): number {
  const number = Number(text);
  if (text.trim() === "" || !(number >= 0 && number <= 3_600)) throw new InvalidArgumentError("0 to 3600 seconds.");
  return number;
}

import type { Command } from "commander";
import { Entry } from "../verify/entries.ts";
import { type Certificate, verifySession } from "../verify/verify-session.ts";
import { Refused, Unreachable } from "./endings.ts";
import { wholeTimeline } from "./fenix-api.ts";
import type { Calling } from "./main.ts";
import { table } from "./table.ts";

export function addVerifyCommand(program: Command, calling: Calling): void {
  calling(
    program
      .command("verify <session>")
      .description("judge a session by its journal: prints a certificate, or what was violated (exit code 1)"),
    async ({ api, answer }, [id = ""]) => {
      const entries = Entry.array().safeParse(await wholeTimeline(api, id));
      if (!entries.success) throw new Unreachable("the timeline is not as Fenix writes it");
      const certificate = verifySession(entries.data);
      answer({ session_id: id, ...certificate }, () => certificateInWords(id, certificate));
      if (!certificate.holds) throw new Refused(`${certificate.violations.length} violations`);
    },
  );
}

function certificateInWords(id: string, { holds, ended, entries, judged, notShown, violations }: Certificate): string {
  const soFar = ended ? "" : ", so far: it has not ended";
  const verdict = holds ? `certified${soFar}` : `violated${soFar}`;
  const rows = judged.map(({ invariant, text, gap }) => {
    const broken = violations.filter((violation) => invariant.split(", ").includes(violation.invariant)).length;
    if (broken > 0) return [invariant, "violated", `${broken} times, see below`];
    return [invariant, "holds", gap === null ? text : `${text} (not judged: ${gap})`];
  });
  const unseen = notShown.map(({ invariant, why }) => [invariant, "not shown", why]);
  const found = violations.map(({ invariant, entry, subject, text }) => [`${entry}`, invariant, subject ?? "-", text]);
  return [
    `session ${id}: ${verdict}, by ${entries} journal entries\n`,
    table(["INVARIANT", "VERDICT", "WHAT"], [...rows, ...unseen]),
    ...(found.length > 0 ? [`\n${table(["ENTRY", "INVARIANT", "SUBJECT", "VIOLATION"], found)}`] : []),
  ].join("");
}

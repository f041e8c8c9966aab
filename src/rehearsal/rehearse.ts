/** Plays a whole session to a manager under development, without a cloud, and says what it got wrong. */
import type { Fault, FaultKind } from "./asked.ts";
import type { Cast } from "./cast.ts";
import { heardInWords, judgeReplies } from "./judge.ts";
import type { LittleFenix } from "./little-fenix.ts";
import { startPlay, type Timing } from "./play.ts";
import { scenes } from "./scenes.ts";

export interface Report {
  /** No fault was found, and everything was played. */
  readonly conforms: boolean;
  readonly scenes: readonly SceneReport[];
}

export interface SceneReport {
  readonly title: string;
  readonly verdict: "right" | "wrong" | "not played";
  /** What the manager said, in words. */
  readonly heard: readonly string[];
  readonly faults: readonly Fault[];
}

export interface Rehearsing {
  /** Where the manager finds the little Fenix. */
  readonly publicUrl: string;
  readonly timing: Timing;
}

/** After so many scenes in a row without a word of the manager nothing else is to be learnt. */
const MUTE_SCENES_MAX = 3;
const mute: ReadonlySet<FaultKind> = new Set(["not_taken", "silent"]);

/** Takes about a second for each scene, and longer where the manager does: at most its reply window. */
export async function rehearse(cast: Cast, fenix: LittleFenix, rehearsing: Rehearsing): Promise<Report> {
  const play = startPlay(cast, fenix, rehearsing);
  const reports: SceneReport[] = [];
  const told = new Set<string>();
  let muteScenes = 0;
  for (const { title, play: perform } of scenes) {
    if (muteScenes >= MUTE_SCENES_MAX) {
      reports.push({ title, verdict: "not played", heard: [], faults: [] });
      continue;
    }
    await perform(play);
    const { asked, faults: untaken } = play.curtain();
    // Who was not reached cannot have replied, and who was asked too late need not.
    const due = asked.filter(({ askedAt, replyBy }) => replyBy > askedAt).flatMap(judgeReplies);
    const said = untaken.length > 0 ? due.filter(({ kind }) => kind !== "silent") : due;
    const found = [...untaken, ...fenix.faults(), ...said];
    const faults = found.filter(({ text }) => !told.has(text));
    for (const { text } of faults) told.add(text);
    muteScenes = faults.some(({ kind }) => mute.has(kind)) ? muteScenes + 1 : 0;
    const verdict = faults.length > 0 ? "wrong" : "right";
    reports.push({ title, verdict, heard: asked.flatMap(heardInWords), faults });
  }
  return { conforms: reports.every(({ verdict }) => verdict === "right"), scenes: reports };
}

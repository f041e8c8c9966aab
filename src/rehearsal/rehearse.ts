/** Plays a whole session to a manager under development, without a cloud, and says what it got wrong. */
import type { Asked, Fault, FaultKind } from "./asked.ts";
import type { Cast } from "./cast.ts";
import { heardInWords, judgeReplies } from "./judge.ts";
import type { Format } from "./letters.ts";
import type { LittleFenix } from "./little-fenix.ts";
import { startPlay, type Timing } from "./play.ts";
import { type Scene, scenesFor } from "./scenes.ts";

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
  /** Of the messages. */
  readonly format: Format;
}

/** After so many scenes in a row without a word of the manager nothing else is to be learnt. */
const MUTE_SCENES_MAX = 3;
const mute: ReadonlySet<FaultKind> = new Set(["not_taken", "silent"]);

/** A scene that was played, with what was wrong at once: how messages were taken, and what came that Fenix refuses. */
interface Played {
  readonly title: string;
  readonly asked: readonly Asked[];
  readonly atOnce: readonly Fault[];
  readonly heard: readonly string[];
}

/** Takes about a second for each scene, and longer where the manager does: at most its reply window. */
export async function rehearse(cast: Cast, fenix: LittleFenix, rehearsing: Rehearsing): Promise<Report> {
  const play = startPlay(cast, fenix, rehearsing);
  const scenes = scenesFor(rehearsing.format.kind);
  const played: Played[] = [];
  let muteScenes = 0;
  for (const { title, play: perform } of scenes) {
    if (muteScenes >= MUTE_SCENES_MAX) break;
    await perform(play);
    const { asked, untaken } = play.curtain();
    const scene = { title, asked, atOnce: [...untaken, ...fenix.faults()], heard: asked.flatMap(heardInWords) };
    played.push(scene);
    // A scene in which nothing need be said tells nothing about that.
    if (faultsOf(scene).some(({ kind }) => mute.has(kind))) muteScenes += 1;
    else if (asked.length > 0) muteScenes = 0;
  }
  return reportOf(scenes, played);
}

/** Judged at the end: what contradicts a reply may come long after its scene. */
function reportOf(scenes: readonly Scene[], played: readonly Played[]): Report {
  const told = new Set<string>();
  const reports = scenes.map(({ title }, index): SceneReport => {
    const scene = played[index];
    if (!scene) return { title, verdict: "not played", heard: [], faults: [] };
    const faults = faultsOf(scene).filter(({ text }) => !told.has(text));
    for (const { text } of faults) told.add(text);
    const verdict = faults.length > 0 ? "wrong" : "right";
    return { title, verdict, heard: scene.heard, faults };
  });
  return { conforms: reports.every(({ verdict }) => verdict === "right"), scenes: reports };
}

function faultsOf({ asked, atOnce }: Pick<Played, "asked" | "atOnce">): readonly Fault[] {
  // Who was asked too late need not reply, and who was not reached cannot.
  const judged = asked.filter(({ askedAt, replyBy }) => replyBy > askedAt).flatMap(judgeReplies);
  const wasReached = atOnce.every(({ kind }) => kind !== "not_taken");
  return [...atOnce, ...(wasReached ? judged : judged.filter(({ kind }) => kind !== "silent"))];
}

/** Entries of a timeline as lines for people. */
import type { Detail, TimelineEntry } from "./answers.ts";

/** What a person follows; that a thing was planned or begun is left to `fenix session timeline`. */
const passedOver = new Set(["effect_recorded", "effect_started", "project_told"]);

export const isWorthFollowing = ({ kind }: TimelineEntry): boolean => !passedOver.has(kind);

export type Names = ReadonlyMap<string, string>;

/**
 * Puts names where ids are: nobody knows an instance by its id. Fenix does not know what projects are called; whoever
 * does can say so.
 */
export function withNames(
  { instances }: Pick<Detail, "instances">,
  projects: Names = new Map(),
): (text: string) => string {
  const names = new Map([...projects, ...instances.map((one) => [one.instance_id, one.instance_name] as const)]);
  return (text) => text.replaceAll(IDS, (id) => names.get(id) ?? id);
}

/** Of Nova, and of Keystone, which writes them without dashes. */
const IDS = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b/g;

/** `08:30:00  compute-1: maintained`. What it is about is left out where the sentence names it. */
export function timelineLine({ at, subject, text }: TimelineEntry, named: (text: string) => string): string {
  const sentence = named(text);
  // A subject may carry a number: the try of a move, the place of an action in the list.
  const about = named(subject ?? "").split(/[#/]/)[0] ?? "";
  return `${at.slice(11, 19)}  ${sentence.includes(about) ? "" : `${about}: `}${sentence}`;
}

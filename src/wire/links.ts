/**
 * The links that Fenix gives to others. They begin with FENIX_PUBLIC_URL, never with the address that it listens on:
 * `127.0.0.1` is of no use to a manager on another machine (reference §7.1, B33).
 */
import type { InstanceId, ProjectId, SessionId } from "../domain/ids.ts";
import { type Place, REPLY_TOKEN_LENGTH, type ReplyTokens } from "./reply-token.ts";

export interface Links {
  /** All sessions. */
  readonly maintenance: string;
  /** Where a project reads its instances and replies, or replies for one of them. */
  readonly project: (session: SessionId, project: ProjectId, instance?: InstanceId) => string;
  /** Where one question is answered, with a reply token where Fenix gives them; to be told to the project's manager alone. */
  readonly question: (place: Place, replyBy: Date) => string;
}

/**
 * An event alarm carries at most 255 characters, and a link that is cut is no link: this leaves room for the longest
 * path of a project, and for that of an instance where ids are Keystone's and Nova's usual ones (32 and 36 characters).
 */
const PUBLIC_URL_MAX = 128;

/**
 * `tokens` null: links carry none. Throws when the URL is too long to be told, which is better known at start than when a
 * project is asked.
 */
export function linksFrom(publicUrl: string, tokens: ReplyTokens | null = null): Links {
  const base = publicUrl.replace(/\/+$/, "");
  const lengthMax = PUBLIC_URL_MAX - (tokens === null ? 0 : REPLY_TOKEN_LENGTH);
  if (base.length > lengthMax)
    throw new Error(
      `FENIX_PUBLIC_URL has more than ${lengthMax} characters${tokens === null ? "" : ", and links carry reply tokens"}: ${base}`,
    );
  const maintenance = `${base}/v1/maintenance`;
  const linkOf: Links["project"] = (session, project, instance) =>
    `${maintenance}/${session}/${encodeURIComponent(project)}${instance === undefined ? "" : `/${encodeURIComponent(instance)}`}`;
  return {
    maintenance,
    project: linkOf,
    question: (place, replyBy) => {
      const { session, project, instance } = place;
      const link = linkOf(session, project, instance);
      return tokens === null ? link : `${link}?token=${tokens.issue(place, replyBy)}`;
    },
  };
}

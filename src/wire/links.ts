/**
 * The links that Fenix gives to others. They begin with FENIX_PUBLIC_URL, never with the address that it listens on:
 * `127.0.0.1` is of no use to a manager on another machine (reference §7.1, B33).
 */
import type { InstanceId, ProjectId, SessionId } from "../domain/ids.ts";

export interface Links {
  /** All sessions. */
  readonly maintenance: string;
  /** Where a project reads its instances and replies. */
  readonly project: (session: SessionId, project: ProjectId) => string;
  /** Where a project replies for one of its instances. */
  readonly instance: (session: SessionId, project: ProjectId, instance: InstanceId) => string;
}

/**
 * An event alarm carries at most 255 characters, and a link that is cut is no link: this leaves room for the longest
 * path of a project, and for that of an instance where ids are Keystone's and Nova's usual ones (32 and 36 characters).
 */
const PUBLIC_URL_MAX = 128;

/** Throws when the URL is too long to be told, which is better known at start than when a project is asked. */
export function linksFrom(publicUrl: string): Links {
  const base = publicUrl.replace(/\/+$/, "");
  if (base.length > PUBLIC_URL_MAX)
    throw new Error(`FENIX_PUBLIC_URL has more than ${PUBLIC_URL_MAX} characters: ${base}`);
  const maintenance = `${base}/v1/maintenance`;
  const project: Links["project"] = (session, id) => `${maintenance}/${session}/${encodeURIComponent(id)}`;
  return {
    maintenance,
    project,
    instance: (session, owner, id) => `${project(session, owner)}/${encodeURIComponent(id)}`,
  };
}

/**
 * The links that Fenix gives to others. They begin with FENIX_PUBLIC_URL, never with the address that it listens on:
 * `127.0.0.1` is of no use to a manager on another machine (reference §7.1, B33).
 */
import type { ProjectId, SessionId } from "../domain/ids.ts";

export interface Links {
  /** All sessions. */
  readonly maintenance: string;
  /** Where a project reads its instances and replies. */
  readonly project: (session: SessionId, project: ProjectId) => string;
}

/**
 * An event alarm carries at most 255 characters, and a link that is cut is no link: this leaves room for the longest
 * path of a project.
 */
const PUBLIC_URL_MAX = 128;

/** Throws when the URL is too long to be told, which is better known at start than when a project is asked. */
export function linksFrom(publicUrl: string): Links {
  const base = publicUrl.replace(/\/+$/, "");
  if (base.length > PUBLIC_URL_MAX)
    throw new Error(`FENIX_PUBLIC_URL has more than ${PUBLIC_URL_MAX} characters: ${base}`);
  const maintenance = `${base}/v1/maintenance`;
  return {
    maintenance,
    project: (session, project) => `${maintenance}/${session}/${encodeURIComponent(project)}`,
  };
}

/**
 * A reply token makes a link good for one question: with it a manager that has no Keystone credentials can read what is
 * asked and reply, and whoever finds the link later can do nothing. It is the question's deadline and a signature:
 *
 *     https://fenix.example.org/v1/maintenance/{session}/{project}?token=mh2k3x9c.Qm3o0l2m0Z0c5J8y9q1x2A
 *
 * The path is signed too. No project is asked two things with the same deadline, so the deadline tells its questions apart.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { InstanceId, ProjectId, SessionId } from "../domain/ids.ts";

/** What a link leads to; `instance` for the link of one instance alone. */
export interface Place {
  readonly session: SessionId;
  readonly project: ProjectId;
  readonly instance?: InstanceId;
}

export interface ReplyTokens {
  /** A token for the question of this place that may be answered until `replyBy`. */
  issue(place: Place, replyBy: Date): string;
  /** The question that the token is good for, by its deadline; null: it is not of this place, or that has passed. */
  read(token: string, place: Place, now: Date): { readonly replyBy: Date } | null;
}

/** Characters of `?token=` and a token together: an event alarm cuts a link that is too long. */
export const REPLY_TOKEN_LENGTH = 40;

/** The first secret signs, all of them are good for reading: so that they can be exchanged one after the other. */
export function replyTokens([newest, ...older]: readonly [string, ...string[]]): ReplyTokens {
  const secrets = [newest, ...older];
  return {
    issue: (place, replyBy) => {
      const deadline = replyBy.getTime().toString(36);
      return `${deadline}.${signature(newest, place, deadline)}`;
    },
    read(token, place, now) {
      const [, deadline, given] = /^([0-9a-z]{1,9})\.([\w-]{22})$/.exec(token) ?? [];
      if (deadline === undefined || given === undefined) return null;
      if (!secrets.some((secret) => isSame(given, signature(secret, place, deadline)))) return null;
      const replyBy = new Date(Number.parseInt(deadline, 36));
      return now <= replyBy ? { replyBy } : null;
    },
  };
}

/** 128 bits: nobody guesses one of those within a reply window. */
function signature(secret: string, { session, project, instance }: Place, deadline: string): string {
  // As JSON, so that no two places look the same; by version, so that nothing else signed with the secret does.
  const signed = JSON.stringify(["fenix reply 1", session.toLowerCase(), project, instance ?? null, deadline]);
  return createHmac("sha256", secret).update(signed).digest("base64url").slice(0, 22);
}

const isSame = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(a), Buffer.from(b));

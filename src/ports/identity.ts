/** Who sends a request: what the cloud's identity service says about a token. */
import type { ProjectId } from "../domain/ids.ts";

export interface Caller {
  readonly user: { readonly id: string; readonly name: string };
  /** The project of the token; null for a token that is bound to none, which then holds no roles. */
  readonly project: ProjectId | null;
  /** As the identity service spells them, those that others imply included. */
  readonly roles: readonly string[];
  /** The project of Fenix's own user. Whoever has the role reader in it may look at sessions. */
  readonly operatorProject: ProjectId | null;
}

export interface Identity {
  /**
   * Null: the token is none, has expired or was revoked. Throws `Problem("IDENTITY_UNAVAILABLE")` when nobody can tell,
   * and then nobody comes in.
   */
  identify(token: string, options: { readonly signal: AbortSignal }): Promise<Caller | null>;
  /** Where tokens come from, for those who have none; null when there is no such place. */
  readonly url: string | null;
}

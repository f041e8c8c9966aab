/** How the command can end other than well, each with its exit code, so that scripts can tell them apart. */

export const exitCodes = { ok: 0, refused: 1, usage: 2, unreachable: 3 } as const;

/** Fenix refused, or the session failed. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly exitCode = exitCodes.refused;
}

/** The command was typed wrongly. */
export class Usage extends Error {
  override readonly name = "Usage";
  readonly exitCode = exitCodes.usage;
}

/** Nobody answers, or whoever does is not Fenix. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
  readonly exitCode = exitCodes.unreachable;
}

/**
 * API microversions as two whole numbers. Read as decimal fractions, 2.60 would be older than 2.9 and the same as 2.6:
 * the original Fenix did so (reference §7.1, B12).
 */
export interface Microversion {
  readonly major: number;
  readonly minor: number;
}

/** What a service offers, or what a call can work with: both ends belong to it. */
export interface VersionRange {
  readonly from: Microversion;
  readonly to: Microversion;
}

/** Null when the text is no microversion; a service without any says "". */
export function parseMicroversion(text: string): Microversion | null {
  const [, major, minor] = /^(\d+)\.(\d+)$/.exec(text) ?? [];
  return major === undefined || minor === undefined ? null : { major: Number(major), minor: Number(minor) };
}

export const compareMicroversions = (a: Microversion, b: Microversion): number =>
  a.major - b.major || a.minor - b.minor;

export const microversionText = ({ major, minor }: Microversion): string => `${major}.${minor}`;

/** `versions("2.53", "2.84")`: what a call can work with. Only for literals in our own code. */
export function versions(from: string, to: string = from): VersionRange {
  const [lowest, highest] = [parseMicroversion(from), parseMicroversion(to)];
  if (lowest === null || highest === null) throw new Error(`not microversions: ${from}, ${to}`);
  return { from: lowest, to: highest };
}

/** The newest version that both sides know; null when they have none in common. */
export function newestCommon(offered: VersionRange, wanted: VersionRange): Microversion | null {
  const newest = compareMicroversions(offered.to, wanted.to) < 0 ? offered.to : wanted.to;
  const tooOld = compareMicroversions(newest, wanted.from) < 0 || compareMicroversions(newest, offered.from) < 0;
  return tooOld ? null : newest;
}

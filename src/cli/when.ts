/** Points in time, as people type them and as they read them. */
import { Usage } from "./endings.ts";

const UNITS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** `2026-11-25 08:30[:00]` (UTC), ISO 8601 with a zone, `now`, or from now: `+5m`, `+1h30m`. */
export function parseWhen(text: string, now: Date): Date {
  if (text === "now") return now;
  if (text.startsWith("+")) return new Date(now.getTime() + seconds(text) * 1_000);
  const [, day, time, rest = "", zone = "Z"] =
    /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  const at = new Date(`${day}T${time}${rest || ":00"}${zone}`);
  if (day === undefined || Number.isNaN(at.getTime()))
    throw new Usage(`"${text}" is no time; type "2026-11-25 08:30" (UTC), "+5m" or "now"`);
  return at;
}

function seconds(text: string): number {
  if (!/^\+(\d+[smhd])+$/.test(text)) throw new Usage(`"${text}" is no time from now; type "+90s", "+5m" or "+1h30m"`);
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * UNITS[unit as keyof typeof UNITS], 0);
}

/** As Fenix takes and gives it: UTC without a zone, in whole seconds. */
export const wireTime = (at: Date): string => at.toISOString().slice(0, 19).replace("T", " ");

/** Reads a time of Fenix's answers: without a zone it is UTC. */
export const readWireTime = (text: string): Date =>
  new Date(/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text.replace(" ", "T")}Z`);

/** `45 s`, `3 min 20 s`, `2 h 5 min`: the two largest units. */
export function duration(ms: number): string {
  const total = Math.max(0, Math.round(ms / 1_000));
  const [days, hours, minutes, rest] = [total / 86_400, (total / 3_600) % 24, (total / 60) % 60, total % 60].map(
    Math.floor,
  );
  const parts = [`${days} d`, `${hours} h`, `${minutes} min`, `${rest} s`];
  const first = parts.findIndex((part) => !part.startsWith("0 "));
  return first === -1
    ? "0 s"
    : parts
        .slice(first, first + 2)
        .filter((part) => !part.startsWith("0 "))
        .join(" ");
}

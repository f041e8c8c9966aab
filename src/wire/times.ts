/**
 * Times on the wire. Messages of the original Fenix carry UTC without a zone (`2026-11-25 08:30:00`, reference §2.1),
 * and so does every time beside them; messages that are ours alone carry ISO 8601 with its Z.
 */
import { z } from "zod";

/** `2026-11-25 08:30:00`. The fraction goes, so that a deadline is never told later than it is. */
export const formatTime = (at: Date): string => at.toISOString().slice(0, 19).replace("T", " ");

export const formatTimeOrNull = (at: Date | null): string | null => (at === null ? null : formatTime(at));

/** A time in an answer of the original Fenix. */
export const Time = z.string().meta({ description: "UTC", example: "2026-11-25 08:30:00" });

/** A time in an answer that is ours alone. */
export const IsoTime = z.iso.datetime({ precision: 3 }).meta({ example: "2026-11-25T08:30:00.000Z" });

/** A time in a request, in the old form or in ISO 8601; without a zone it is UTC. */
export const TimeInRequest = z
  .string()
  .max(40)
  .transform((text, context) => {
    const at = parseTime(text);
    if (at === null) context.addIssue({ code: "custom", message: 'must be a UTC time such as "2026-11-25 08:30:00"' });
    return at ?? z.NEVER;
  })
  .meta({ description: "UTC when it names no zone; ISO 8601 is understood too", example: "2026-11-25 08:30:00" });

const FORM = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?$/;

/** Null where the text is no time, or names a day that does not exist. */
export function parseTime(text: string): Date | null {
  const [, day, time, fraction = "", zone = "Z"] = FORM.exec(text) ?? [];
  if (day === undefined || time === undefined) return null;
  // JavaScript reads the 30th of February as a day in March.
  const asUtc = new Date(`${day}T${time}Z`);
  if (Number.isNaN(asUtc.getTime()) || formatTime(asUtc) !== `${day} ${time}`) return null;
  const at = new Date(`${day}T${time}${fraction.slice(0, 4)}${zone}`);
  // A zone can carry a time out of the four-digit years.
  return Number.isNaN(at.getTime()) || !/^\d{4}-/.test(at.toISOString()) ? null : at;
}

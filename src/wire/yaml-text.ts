/**
 * Values that went through YAML. Tacker's manual shows the maintenance section of a VNF with a comma after each value,
 * and whoever copies it has Tacker send "60," for 60 (reference §6.6). The comma goes; all else that has the wrong
 * type is refused.
 */
import { z } from "zod";

export const YamlInteger = (schema: z.ZodInt) =>
  z.preprocess((value) => (isText(value, /^\d{1,9},$/) ? Number.parseInt(value, 10) : value), schema);

export const YamlBoolean = z.preprocess(
  (value) => (isText(value, /^(true|false),$/i) ? value.toLowerCase() === "true," : value),
  z.boolean(),
);

export const YamlWord = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (isText(value, /^\w+,$/) ? value.slice(0, -1) : value), schema);

const isText = (value: unknown, form: RegExp): value is string => typeof value === "string" && form.test(value);

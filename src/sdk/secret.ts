/** Secrets in an action's metadata: by name only, so that they are neither stored, shown nor logged. */
import { z } from "zod";
import { readSecret } from "./environment.ts";

/** Also the name of a file, so it can hold no slash and does not begin with a dot. */
const SecretName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.-]{0,62}$/i, "the name of a secret has letters, digits, -, _ and . only");

/** A value in metadata: a plain text, or `{ "secret": "awx-token", "prefix": "Bearer " }`. */
export const TextOrSecret = z.union(
  [
    z.string(),
    z.strictObject({ secret: SecretName, prefix: z.string().default("").describe("put before the secret") }),
  ],
  { error: 'must be a text, or a reference such as { "secret": "awx-token" }' },
);
export type TextOrSecret = z.infer<typeof TextOrSecret>;

export interface Revealed {
  readonly values: Readonly<Record<string, string>>;
  /** Takes the secrets out of a text. */
  readonly hide: (text: string) => string;
}

/** Looks the secrets up, right before they are used. */
export async function reveal(values: Readonly<Record<string, TextOrSecret>>): Promise<Revealed> {
  const secrets: string[] = [];
  const revealed: Record<string, string> = {};
  for (const [key, value] of Object.entries(values)) {
    if (typeof value === "string") {
      revealed[key] = value;
      continue;
    }
    const secret = await readSecret(value.secret);
    secrets.push(...secret.split("\n").filter((line) => line.length >= HIDDEN_MIN));
    revealed[key] = value.prefix + secret;
  }
  return {
    values: revealed,
    hide: (text) => secrets.reduce((hidden, secret) => hidden.replaceAll(secret, "***"), text),
  };
}

/** A shorter line of a secret says nothing, and hiding it would tear holes into everything. */
const HIDDEN_MIN = 4;

/** What an admin may ask of the action `http`. */
import { TextOrSecret, z } from "#sdk";
import { fillIn } from "./placeholders.ts";

const DAY = 86_400;

/** With placeholders such as {host} in it. */
const Url = z.string().refine(isUrl, {
  error:
    "must be an http or https URL without user, password and placeholders other than {host}, {session}, {phase}, {key}",
});

/** Fetch sets these by itself, and Idempotency-Key is ours. */
const TAKEN = ["host", "content-length", "transfer-encoding", "connection", "idempotency-key"];

const Headers = z.record(z.string(), TextOrSecret).superRefine((headers, context) => {
  for (const [name, value] of Object.entries(headers)) {
    const wrong = (message: string) => context.addIssue({ code: "custom", path: [name], message });
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) wrong("must be the name of a header");
    if (TAKEN.includes(name.toLowerCase())) wrong("is set by Fenix");
    if (typeof value === "string" && !/^[\t\x20-\x7e]*$/.test(value)) wrong("must be printable ASCII");
  }
});

/** RFC 6901. */
const Pointer = z.string().regex(/^(\/([^~/]|~[01])*)*$/, "must be a JSON pointer such as /status");

const Values = z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])).min(1);

const Until = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("answered") }),
  z
    .strictObject({
      kind: z.literal("polled"),
      url: Url.optional().describe("what to GET"),
      url_from: Pointer.optional().describe("where in the first answer that URL stands; it must be on the same server"),
      headers: Headers.optional().describe("left out: those of the request, where the server is the same"),
      pointer: Pointer.describe("where in the polled answer to look"),
      done_when: Values.describe("values that mean it is done"),
      failed_when: Values.optional().describe("values that mean it has failed; all others mean not yet"),
      interval_seconds: z.number().min(0.1).max(3_600).default(5),
    })
    .refine(({ url, url_from: from }) => (url === undefined) !== (from === undefined), {
      path: ["url"],
      error: "either url or url_from must be there",
    }),
]);

export const Metadata = z
  .strictObject({
    method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]).default("POST"),
    url: Url.describe("where to send the request; {host}, {session}, {phase} and {key} are filled in"),
    headers: Headers.default({}),
    body: z.json().optional().describe("sent as JSON; placeholders in its texts are filled in"),
    until: Until.default({ kind: "answered" }).describe("when the work is done: at once, or when a poll says so"),
    timeout_seconds: z.int().min(1).max(DAY).default(900).describe("for everything together"),
    request_seconds: z.int().min(1).max(300).default(30).describe("for one request"),
    rerun: z
      .enum(["idempotent", "detectable", "at-most-once"])
      .optional()
      .describe("may it be sent again? left out: idempotent for GET, PUT and DELETE, else at-most-once"),
  })
  .superRefine(({ method, body, until, rerun }, context) => {
    if (method === "GET" && body !== undefined)
      context.addIssue({ code: "custom", path: ["body"], message: "a GET has none" });
    if (rerun === "detectable" && !(until.kind === "polled" && until.url !== undefined))
      context.addIssue({
        code: "custom",
        path: ["until"],
        message: 'must have a url to poll with rerun: "detectable"',
      });
  });
export type Metadata = z.infer<typeof Metadata>;

function isUrl(text: string): boolean {
  const filled = fillIn(text, { host: "host", session: "session", phase: "host", key: "key" });
  if (/[{}\s]/.test(filled) || !URL.canParse(filled)) return false;
  const { protocol, username, password } = new URL(filled);
  return ["http:", "https:"].includes(protocol) && username + password === "";
}

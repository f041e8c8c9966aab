/** What an admin may ask of the action `command`. */
import { TextOrSecret, z } from "#sdk";

const DAY = 86_400;

// A zero byte ends a text for the kernel, so no program could be given one.
const text = z.string().regex(/^[^\0]+$/, "must be a text that is not empty");

const Command = z.union([z.array(z.string().regex(/^[^\0]*$/, "must not hold a zero byte")).min(1), text], {
  error: "must be a list of a program and its arguments, or a text for the shell",
});
export type Command = z.infer<typeof Command>;

/** No dash at the beginning: ssh would take it for an option. */
const SshHost = z
  .string()
  .regex(/^[A-Za-z0-9{][A-Za-z0-9._:{}%-]*$/, "must be a host name or an address; {host} stands for the host");

const Ssh = z.strictObject({
  host: SshHost.default("{host}").describe("where to connect to; {host} stands for the host's name"),
  user: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.@\\-]*$/, "must be a user name")
    .optional(),
  port: z.int().min(1).max(65_535).optional(),
  identity_file: text.optional().describe("a private key on the worker's machine"),
  options: z
    .array(z.string().regex(/^[A-Za-z]+=[^\0\n]+$/, 'must be as in ssh_config, such as "ProxyJump=bastion"'))
    .default([])
    .describe("further options as in ssh_config"),
});

export const Metadata = z
  .strictObject({
    command: Command.describe("the program with its arguments; a single text needs shell: true"),
    shell: z.boolean().default(false).describe("a command or check that is a text is run by /bin/sh -c"),
    // No default: "reboot" meant for the host must not reboot the machine of the worker.
    where: z.enum(["local", "ssh"], 'must be "local" (the worker\'s machine) or "ssh" (the host)'),
    ssh: Ssh.optional().describe("how to reach the host; only where: ssh"),
    env: z.record(z.string(), TextOrSecret).default({}).describe("further environment variables"),
    timeout_seconds: z.int().min(1).max(DAY).default(900),
    grace_seconds: z.int().min(0).max(300).default(10).describe("from SIGTERM to SIGKILL when the time is over"),
    exit_codes: z.array(z.int().min(0).max(255)).min(1).default([0]).describe("what counts as success"),
    check: Command.optional().describe("exit code 0 means the work is already done on the host, 1 that it is not"),
    check_seconds: z.int().min(1).max(3_600).default(60).describe("longest time for check"),
    rerun: z
      .enum(["idempotent", "detectable", "at-most-once"])
      .optional()
      .describe("may it run again after a worker died? left out: detectable with a check, else at-most-once"),
  })
  .superRefine((metadata, context) => {
    const wrong = (path: PropertyKey[], message: string) => context.addIssue({ code: "custom", path, message });
    const { command, check, shell, where, ssh, env, rerun } = metadata;
    const isText = typeof command === "string" || typeof check === "string";
    if (isText && !shell) wrong(["shell"], "must be true where command or check is a text");
    if (!isText && shell) wrong(["shell"], "must be false where command and check are lists");
    if (where === "local" && ssh) wrong(["ssh"], 'only with where: "ssh"');
    if (rerun === "detectable" && check === undefined) wrong(["check"], 'must be there with rerun: "detectable"');
    for (const name of Object.keys(env))
      if (!/^(?!FENIX_)[A-Za-z_][A-Za-z0-9_]*$/.test(name))
        wrong(["env", name], "must be the name of a variable, and not begin with FENIX_");
  })
  // Where nothing is special about ssh, its defaults say it all.
  .transform((metadata) => (metadata.where === "ssh" ? { ...metadata, ssh: metadata.ssh ?? Ssh.parse({}) } : metadata));
export type Metadata = z.infer<typeof Metadata>;

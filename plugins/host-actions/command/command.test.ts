import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { hostActionSuite, isActionDone, testHostAction } from "#sdk/testing";
import command from "./index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fenix-command-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const sh = (script: string, more: object = {}) => ({ command: script, shell: true, where: "local", ...more });
const alive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const until = async (condition: () => boolean) => {
  for (let look = 0; look < 500 && !condition(); look++) await sleep(20);
  expect(condition()).toBe(true);
};
/** A process id that a script has written, once it is there. */
const pidIn = async (name: string): Promise<number> => {
  const file = join(folder, name);
  await until(() => existsSync(file) && readFileSync(file, "utf8").endsWith("\n"));
  return Number(readFileSync(file, "utf8"));
};

const mark = () => join(tmpdir(), `fenix-command-${process.pid}`);
const suite = hostActionSuite(command, {
  examples: [
    { name: "a program", metadata: { command: ["echo", "hello"], where: "local" } },
    {
      name: "one with a check",
      metadata: sh(`touch ${mark()}`, { check: `test -e ${mark()}` }),
      reset: async () => rmSync(mark(), { force: true }),
    },
    {
      name: "an idempotent one",
      metadata: sh(`echo "$FENIX_HOST" > ${mark()}`, { rerun: "idempotent" }),
      world: async () => readFileSync(mark(), "utf8"),
    },
    { name: "one that takes long", metadata: sh("sleep 0.3; echo done") },
  ],
  refused: [
    { metadata: { where: "local" }, field: "command" },
    { metadata: { command: [], where: "local" }, field: "command" },
    { metadata: { command: ["reboot"] }, field: "where" },
    { metadata: { command: "reboot", where: "ssh" }, field: "shell" },
    { metadata: { command: ["reboot"], shell: true, where: "ssh" }, field: "shell" },
    { metadata: { command: ["a\0b"], where: "local" }, field: "command[0]" },
    { metadata: { command: ["reboot"], where: "local", ssh: {} }, field: "ssh" },
    { metadata: { command: ["reboot"], where: "ssh", ssh: { host: "-oProxyCommand=evil" } }, field: "ssh.host" },
    { metadata: { command: ["reboot"], where: "ssh", ssh: { user: "-l" } }, field: "ssh.user" },
    { metadata: { command: ["reboot"], where: "ssh", ssh: { options: ["-v"] } }, field: "ssh.options[0]" },
    { metadata: { command: ["x"], where: "local", env: { "A B": "" } }, field: "env.A B" },
    { metadata: { command: ["x"], where: "local", env: { FENIX_HOST: "" } }, field: "env.FENIX_HOST" },
    { metadata: { command: ["x"], where: "local", env: { A: { secret: "../etc/shadow" } } }, field: "env.A.secret" },
    { metadata: { command: ["x"], where: "local", timeout_seconds: 0 }, field: "timeout_seconds" },
    { metadata: { command: ["x"], where: "local", rerun: "detectable" }, field: "check" },
    { metadata: { command: ["x"], where: "local", timeout: 5 }, field: "timeout" },
  ],
});
test.each(suite)("$name", ({ run }) => expect(run()).resolves.toBeUndefined());
afterEach(() => rmSync(mark(), { force: true }));

describe("what a program gets", () => {
  test("both outputs are kept as whole lines", async () => {
    const { output, error } = await testHostAction(command, {
      metadata: sh("printf 'one\\ntw'; printf 'o\\n'; echo three >&2; printf four"),
    });
    expect(error).toBeNull();
    expect(output.split("\n").toSorted()).toEqual(["four", "one", "three", "two"].toSorted());
  });

  test("the host and all metadata are in the environment and are never code", async () => {
    const host = `a'b"c$(touch ${folder}/pwned)`;
    const print = ["HOST", "PHASE", "ACTION_KEY", "ATTEMPT", "SESSION_METADATA"]
      .map((name) => `"$FENIX_${name}"`)
      .join(" ");
    const { output } = await testHostAction(command, {
      metadata: sh(`printf '%s\\n' ${print} "$RELEASE"; printf '%s' "$FENIX_METADATA"`, { env: { RELEASE: "$(id)" } }),
      host,
      phase: "compute",
      key: "s/1/h/0",
      attempt: 3,
      sessionMetadata: { release: "Zed's" },
    });
    const [gotHost, phase, key, attempt, sessionMetadata, release, metadata] = output.split("\n");
    expect([gotHost, phase, key, attempt, release]).toEqual([host, "compute", "s/1/h/0", "3", "$(id)"]);
    expect(JSON.parse(sessionMetadata!)).toEqual({ release: "Zed's" });
    expect(JSON.parse(metadata!)).toMatchObject({ where: "local", env: { RELEASE: "$(id)" } });
    expect(existsSync(join(folder, "pwned"))).toBe(false);
  });

  test("arguments of a list are not looked at by any shell, and shell words are no programs", async () => {
    const { output } = await testHostAction(command, {
      metadata: { command: ["printf", "%s|", "$HOME", "a b", "*", ""], where: "local" },
    });
    expect(output).toBe("$HOME|a b|*||");
    const { error } = await testHostAction(command, { metadata: { command: ["eval", "exit 0"], where: "local" } });
    expect(error?.message).toContain("there is no such program");
  });

  test("the engine's credentials do not reach it", async () => {
    vi.stubEnv("OS_PASSWORD", "canary-1");
    vi.stubEnv("DATABASE_URL", "postgresql://canary-2");
    vi.stubEnv("FENIX_SECRET_OTHER", "canary-3");
    const { output } = await testHostAction(command, { metadata: { command: ["env"], where: "local" } });
    expect(output).toMatch(/^PATH=/m);
    expect(output).not.toContain("canary");
  });

  test("a secret reaches it by name and is hidden in the output and in the error", async () => {
    vi.stubEnv("FENIX_SECRET_BMC_PASSWORD", "canary-4");
    const { output, error } = await testHostAction(command, {
      metadata: sh('test "$PASS" = "pw canary-4" && echo "got $PASS" && exit 3', {
        env: { PASS: { secret: "bmc-password", prefix: "pw " } },
      }),
    });
    expect(output).toBe("got pw ***\n");
    expect(error?.message).toBe("exit code 3:\ngot pw ***");
  });

  test("a secret can be a file of the secrets folder", async () => {
    vi.stubEnv("FENIX_SECRETS_DIR", folder);
    writeFileSync(join(folder, "key"), "canary-5\n");
    const { output } = await testHostAction(command, {
      metadata: sh('printf "<%s>" "$KEY" | tr c C', { env: { KEY: { secret: "key" } } }),
    });
    expect(output).toBe("<Canary-5>");
    const { error } = await testHostAction(command, { metadata: sh("true", { env: { KEY: { secret: "missing" } } }) });
    expect(error?.message).toMatch(/no secret "missing": set FENIX_SECRET_MISSING, or put it into the file .*missing/);
  });
});

describe("how it ends", () => {
  test.each([
    { ends: "with an exit code that is no success", metadata: sh("echo why; exit 3"), says: "exit code 3:\nwhy" },
    { ends: "by a signal", metadata: sh("kill -9 $$"), says: "exit code 137" },
    {
      ends: "without a beginning",
      metadata: { command: ["/no/such/program"], where: "local" },
      says: "there is no such program",
    },
  ])("a program that ends $ends has failed", async ({ metadata, says }) => {
    const { error } = await testHostAction(command, { metadata });
    expect(error?.message).toContain(says);
  });

  test("other exit codes can be success", async () => {
    const { error } = await testHostAction(command, { metadata: sh("exit 100", { exit_codes: [0, 100] }) });
    expect(error).toBeNull();
  });

  test("only 0 and 1 of a check are answers", async () => {
    const metadata = sh("true", { check: 'exit "$(cat answer)"'.replace("answer", join(folder, "answer")) });
    const answers = async (code: string) => {
      writeFileSync(join(folder, "answer"), code);
      return isActionDone(command, { metadata });
    };
    expect(await answers("0")).toBe(true);
    expect(await answers("1")).toBe(false);
    await expect(answers("2")).rejects.toThrow("check: exit code 2");
  });

  test("when the time is over, it and all it has started are stopped", async () => {
    const metadata = sh(`sleep 600 & echo $! > ${folder}/child; echo started; wait`, { timeout_seconds: 1 });
    const run = testHostAction(command, { metadata });
    const child = await pidIn("child");
    const { output, error } = await run;
    expect(output).toContain("started");
    expect(error?.message).toBe("stopped: it took longer than 1 s");
    await until(() => !alive(child));
  });

  test("what ignores SIGTERM is killed after the grace", async () => {
    const metadata = sh(`trap '' TERM; echo $$ > ${folder}/stubborn; while :; do sleep 1; done`, {
      timeout_seconds: 1,
      grace_seconds: 1,
    });
    const run = testHostAction(command, { metadata });
    const stubborn = await pidIn("stubborn");
    expect((await run).error?.message).toContain("stopped");
    await until(() => !alive(stubborn));
  });

  test("SIGTERM leaves it time to tidy up", async () => {
    const metadata = sh(`trap 'echo tidy; exit 0' TERM; echo $$ > ${folder}/tidy; while :; do sleep 0.1; done`);
    const stop = new AbortController();
    const run = testHostAction(command, { metadata, signal: stop.signal });
    await pidIn("tidy");
    stop.abort(new Error("the worker shuts down"));
    const { output, error } = await run;
    expect(output).toContain("tidy");
    expect(error?.message).toBe("stopped: the worker shuts down");
  });

  test("a daemon that it leaves behind does not hold it up", async () => {
    const { error } = await testHostAction(command, { metadata: sh(`sleep 600 & echo $! > ${folder}/daemon`) });
    expect(error).toBeNull();
    const daemon = await pidIn("daemon");
    expect(alive(daemon)).toBe(true);
    process.kill(daemon);
  });

  test("a worker that is killed takes it along", async () => {
    const worker = `
      const { runProgram } = await import(${JSON.stringify(join(process.cwd(), "src/sdk/program.ts"))});
      const { signal } = new AbortController();
      await runProgram({ command: ["/bin/sh", "-c", "echo $$ > ${folder}/orphan; sleep 600"] }, { log() {}, signal });`;
    const dying = spawn("node", ["--import", "tsx", "--input-type=module", "--eval", worker], { stdio: "ignore" });
    const orphan = await pidIn("orphan");
    dying.kill("SIGKILL");
    await until(() => !alive(orphan));
    expect(alive(orphan)).toBe(false);
  });
});

/** A program `ssh` that notes its arguments and runs on this machine what the real one would run on the host. */
describe("over ssh", () => {
  beforeEach(() => {
    const ssh = join(folder, "ssh");
    writeFileSync(
      ssh,
      `#!/bin/sh\nprintf '%s\\n' "$@" > ${folder}/arguments\nfor last; do :; done\nexec env -i PATH="$PATH" /bin/sh -c "$last"\n`,
    );
    chmodSync(ssh, 0o755);
    vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  });
  const overSsh = (script: string, more: object = {}) => ({ command: script, shell: true, where: "ssh", ...more });
  const sshArguments = () => readFileSync(join(folder, "arguments"), "utf8").trimEnd().split("\n");

  test("everything that differs from host to host is told to ssh as arguments", async () => {
    const ssh = {
      host: "{host}.mgmt",
      user: "ops",
      port: 2222,
      identity_file: "/keys/ops",
      options: ["ProxyJump=bastion"],
    };
    await testHostAction(command, { metadata: overSsh("true", { ssh }), host: "compute-7" });
    const given = sshArguments();
    expect(given.slice(-3)).toEqual(["--", "compute-7.mgmt", "exec /bin/sh -s"]);
    for (const pair of ["-o ProxyJump=bastion", "-o BatchMode=yes", "-l ops", "-p 2222", "-i /keys/ops"]) {
      expect(given.join(" ")).toContain(pair);
    }
  });

  test("the environment and the command arrive whole, and not in anybody's process list", async () => {
    vi.stubEnv("FENIX_SECRET_TOKEN", "canary-6'\n$(id)");
    const odd = `it's "odd" $(touch ${folder}/pwned)\n\\ end`;
    const { output, error } = await testHostAction(command, {
      metadata: {
        command: ["/bin/sh", "-c", 'printf "%s|%s|%s" "$1" "$FENIX_HOST" "$ODD"; test "${#TOKEN}" = 15', "x", odd],
        where: "ssh",
        env: { ODD: odd, TOKEN: { secret: "token" } },
      },
      host: "compute-7",
    });
    expect(error).toBeNull();
    expect(output).toBe(`${odd}|compute-7|${odd}`);
    expect(existsSync(join(folder, "pwned"))).toBe(false);
    expect(sshArguments().join("\n")).not.toContain("canary");
  });

  test("its exit code and output come back", async () => {
    const { output, error } = await testHostAction(command, { metadata: overSsh("echo here; echo there >&2; exit 7") });
    expect(output.split("\n").toSorted()).toEqual(["", "here", "there"]);
    expect(error?.message).toContain("exit code 7:");
  });

  test("255 is told as what it mostly is", async () => {
    writeFileSync(join(folder, "ssh"), "#!/bin/sh\necho 'Connection refused' >&2\nexit 255\n");
    const { error } = await testHostAction(command, { metadata: overSsh("true") });
    expect(error?.message).toBe("ssh could not reach the host, or lost it (exit code 255):\nConnection refused");
  });

  test("when the time is over, the program on the host is stopped too", async () => {
    const run = testHostAction(command, {
      metadata: overSsh(`echo $$ > ${folder}/far; sleep 600`, { timeout_seconds: 1 }),
    });
    const far = await pidIn("far");
    expect((await run).error?.message).toContain("stopped");
    await until(() => !alive(far));
  });
});

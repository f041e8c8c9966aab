/** Runs the command as a person types it, and keeps what it writes. */
import { run } from "../../src/cli/main.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Typing {
  readonly env?: NodeJS.ProcessEnv;
  readonly files?: Readonly<Record<string, string>>;
  readonly size?: { readonly columns: number; readonly rows: number } | null;
  readonly serve?: (mode: "api" | "worker") => Promise<void>;
}

export const NOW = new Date("2026-11-25T08:02:00Z");

export async function fenix(argv: readonly string[], typing: Typing = {}): Promise<Outcome> {
  let out = "";
  let err = "";
  let slept = 0;
  const terminal: Terminal = {
    write: (text) => void (out += text),
    complain: (line) => void (err += `${line}\n`),
    size: () => typing.size ?? null,
    read: async (path) => {
      const text = typing.files?.[path];
      if (text === undefined) throw new Error(`no file ${path}`);
      return text;
    },
    // Time passes by sleeping only.
    now: () => new Date(NOW.getTime() + slept),
    sleep: async (ms) => void (slept += ms),
  };
  const code = await run(argv, { terminal, env: typing.env ?? {}, ...(typing.serve && { serve: typing.serve }) });
  return { code, out, err };
}

/** Where the command writes, reads and waits: handed in, so that tests need no terminal. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

export interface Terminal {
  /** Writes to the standard output as it is, without adding a line end. */
  write(text: string): void;
  /** Writes one line to the error output. */
  complain(line: string): void;
  /** Width and height where a person looks on; null where the output goes to a file or a pipe. */
  size(): { readonly columns: number; readonly rows: number } | null;
  /** A file's text; `-` is the standard input. */
  read(path: string): Promise<string>;
  now(): Date;
  sleep(ms: number): Promise<void>;
}

export const realTerminal: Terminal = {
  write: (text) => void process.stdout.write(text),
  complain: (line) => void process.stderr.write(`${line}\n`),
  size: () => (process.stdout.isTTY ? { columns: process.stdout.columns, rows: process.stdout.rows } : null),
  read: async (path) => (path === "-" ? text(process.stdin) : readFile(path, "utf8")),
  now: () => new Date(),
  sleep: async (ms) => sleep(ms),
};

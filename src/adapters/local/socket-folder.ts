/** Where a local server's unix socket lives: in its data folder, or below a short name when that does not fit. */
import { createHash } from "node:crypto";
import { chownSync, lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// The longest path that fits into the kernel's address of a unix socket.
const SOCKET_PATH_MAX = 107;

/** The same data folder always gets the same answer, so every process looks for the socket in one place. */
export function socketFolder(dataFolder: string, socketName: string): string {
  if (Buffer.byteLength(join(dataFolder, socketName)) <= SOCKET_PATH_MAX) return dataFolder;
  return join(tmpdir(), `fenix-${createHash("sha256").update(dataFolder).digest("hex").slice(0, 16)}`);
}

/** Makes sure that only `owner` can put a socket there. */
export function createSocketFolder(folder: string, owner: { readonly uid: number; readonly gid: number }): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (process.getuid?.() === 0) chownSync(folder, owner.uid, owner.gid);
  const found = lstatSync(folder);
  // The temporary folder is everybody's: a stranger may have been there before us.
  if (!found.isDirectory() || found.uid !== owner.uid || (found.mode & 0o077) !== 0) {
    throw new Error(`${folder} is open to others than this program; remove it and start again`);
  }
}

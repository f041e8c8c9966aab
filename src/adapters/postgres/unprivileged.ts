/** PostgreSQL refuses to run as root, and containers and CI machines mostly are root. */
import { spawnSync } from "node:child_process";
import { lstatSync } from "node:fs";

export interface Unprivileged {
  /** Put before a command, makes it run as somebody else than root. */
  readonly prefix: readonly string[];
  /** Who has to own, as seen from outside, the files that such a command writes. */
  readonly owner: { readonly uid: number; readonly gid: number };
}

// "nobody" has an entry in every passwd file; PostgreSQL does not start under an id without one.
const NOBODY = 65534;

/**
 * Three ways, the gentlest first. All of them reach files below folders that only root may enter, such as a
 * checkout in root's home, and none of them needs a user to be created.
 */
const WAYS: readonly Unprivileged[] = [
  // In a user namespace, root is called nobody inside and stays the owner of its files outside.
  {
    prefix: ["unshare", "--user", `--map-user=${NOBODY}`, `--map-group=${NOBODY}`],
    owner: { uid: 0, gid: 0 },
  },
  // Where namespaces are denied: nobody, with the one capability it needs to pass closed folders.
  {
    prefix: [...asNobody(), "--inh-caps=+dac_override", "--ambient-caps=+dac_override"],
    owner: { uid: NOBODY, gid: NOBODY },
  },
  // Where that capability is denied as well, the data folder has to be reachable for nobody.
  { prefix: asNobody(), owner: { uid: NOBODY, gid: NOBODY } },
];

export function unprivileged(ways: readonly Unprivileged[] = WAYS): Unprivileged {
  const [uid, gid] = [process.getuid?.() ?? -1, process.getgid?.() ?? -1];
  if (uid !== 0) return { prefix: [], owner: { uid, gid } };
  const way = ways.find(({ prefix: [program = "", ...args] }) => spawnSync(program, [...args, "true"]).status === 0);
  if (way) return way;
  throw new Error(
    "this process is root, PostgreSQL refuses to run as root, and neither unshare nor setpriv may change that here. " +
      "Run Fenix as another user, or set DATABASE_URL",
  );
}

/** Hands a folder over to its owner; needed once when a machine changes from one way to another. */
export function handOver(folder: string, { owner: { uid, gid } }: Unprivileged): void {
  if (process.getuid?.() !== 0 || lstatSync(folder).uid === uid) return;
  const { status, stderr } = spawnSync("chown", ["-R", `${uid}:${gid}`, folder], { encoding: "utf8" });
  if (status !== 0) throw new Error(`could not hand ${folder} over to the database's user: ${stderr}`);
}

function asNobody(): readonly string[] {
  return ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
}

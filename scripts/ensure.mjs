/**
 * Makes the other scripts work straight after a clone: checks Node, and installs packages that are missing or
 * do not fit package-lock.json. Runs before anything is installed, so it uses nothing but Node.
 *
 * With --dev it also asks for what only developers need.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LOCK = join(ROOT, ".data/installing");
const OLDEST_NODE = [20, 19];
// npm ci takes about 15 s here; ten minutes are for a slow line.
const OTHERS_INSTALL_MS = 600_000;
const withDev = process.argv.includes("--dev");

checkNode();
if (whatIsMissing() !== undefined) await oneAtATime(install);

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  fail(
    `Node ${process.versions.node} is too old, ${OLDEST_NODE.join(".")} or newer is needed.`,
    "Install a newer Node (24 is the one Fenix is released with) and try again.",
  );
}

/** The first package that is not as package-lock.json says; undefined when all are. */
function whatIsMissing() {
  const wanted = packagesOf(join(ROOT, "package-lock.json")) ?? {};
  const installed = packagesOf(join(ROOT, "node_modules/.package-lock.json")) ?? {};
  return Object.keys(wanted).find((path) => {
    const { version, optional, dev, devOptional } = wanted[path];
    if (path === "" || ((dev || devOptional) && !withDev)) return false;
    // npm leaves out what is made for other platforms.
    if (optional && installed[path] === undefined) return false;
    return installed[path]?.version !== version;
  });
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

function install() {
  const missing = whatIsMissing();
  if (missing === undefined) return; // Somebody else installed while we waited.
  console.error(`installing packages, since ${missing} is missing or of another version …`);
  const include = withDev ? ["--include=dev"] : ["--omit=dev"];
  if (npm("ci", ...include)) return;
  console.error('"npm ci" failed; trying "npm install", which also accepts a package-lock.json that does not fit');
  if (npm("install", ...include)) return;
  fail(
    "The packages could not be installed; npm says why above.",
    'Check that the npm registry can be reached ("npm ping") and that the disk is not full, then run "npm install".',
  );
}

function npm(...args) {
  // Under "npm run", this names the npm that runs us; it need not be on the PATH.
  const npmScript = process.env.npm_execpath;
  const [program, ...first] = npmScript?.endsWith(".js") ? [process.execPath, npmScript] : ["npm"];
  // npm's words go to the error output: what the script itself prints stays readable by programs.
  const { status, error } = spawnSync(program, [...first, ...args], { cwd: ROOT, stdio: ["ignore", 2, 2] });
  if (error) console.error(error.message);
  return status === 0;
}

/** "npm run api" and "npm run worker" may be started at the same moment; two npms would break each other's work. */
async function oneAtATime(work) {
  mkdirSync(dirname(LOCK), { recursive: true });
  const deadline = Date.now() + OTHERS_INSTALL_MS;
  while (!take()) {
    if (Date.now() > deadline) fail("Another process has been installing packages for too long.", `Remove ${LOCK}.`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  process.once("exit", () => rmSync(LOCK, { force: true }));
  work();
}

function take() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (!isAlive(holder())) rmSync(LOCK, { force: true });
    return false;
  }
}

function holder() {
  try {
    return Number(readFileSync(LOCK, "utf8"));
  } catch {
    return process.pid; // Gone between two looks; the next look takes it.
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}

function fail(what, fix) {
  console.error(`${what}\n${fix}`);
  process.exit(1);
}

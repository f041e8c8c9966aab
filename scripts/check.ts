/** "npm run check": everything a change has to pass, cheapest first; says at the end what failed, and what repairs it. */
import { spawnSync } from "node:child_process";
import { performance } from "node:perf_hooks";

interface Step {
  readonly what: string;
  readonly script: readonly string[];
  readonly repair: string;
}

const STEPS: readonly Step[] = [
  { what: "format", script: ["format", "--", "--check"], repair: "npm run format" },
  { what: "types", script: ["typecheck"], repair: "mend the types" },
  { what: "lint", script: ["lint"], repair: "npm run lint -- --fix mends some" },
  { what: "unused code", script: ["unused"], repair: "remove it, or tell knip.json who uses it" },
  { what: "fresh openapi.yaml", script: ["openapi:check"], repair: "npm run openapi" },
  // schema.sql and the types of the tables are looked at by a test, which has a migrated database at hand.
  { what: "tests", script: ["test"], repair: "mend the code or the test" },
];

const failed: Step[] = [];
for (const step of STEPS) {
  const start = performance.now();
  const ok = spawnSync("npm", ["run", "--silent", ...step.script], { stdio: "inherit" }).status === 0;
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  console.log(`${ok ? "passed" : "FAILED"}  ${step.what} (${seconds} s)`);
  if (!ok) failed.push(step);
}

for (const { what, repair } of failed) console.error(`${what} failed: ${repair}`);
process.exitCode = failed.length > 0 ? 1 : 0;

#!/usr/bin/env node
// The command "fenix". Runs the TypeScript as it is: there is no build step.
import { register } from "tsx/esm/api";

register();
const { run } = await import("../src/cli/main.ts");

process.exitCode = await run(process.argv.slice(2), {
  // The service is a program of its own; its mode is its first argument, as with "npm run api".
  async serve(mode) {
    process.argv.splice(2, Infinity, mode);
    await import("../src/main.ts");
  },
});

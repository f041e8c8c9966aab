/**
 * A simulated OpenStack cloud as a program.
 *
 *   npm run simulator -- --scenario demo --port 15000 --speed 10
 *
 * Each option can come from the environment instead: `SIMULATOR_SCENARIO`, `SIMULATOR_PORT`,
 * `SIMULATOR_ADDRESS`, `SIMULATOR_PUBLIC_URL`, `SIMULATOR_SPEED`, `SIMULATOR_SEED`.
 */
import { parseArgs } from "node:util";
import { isScenarioName, scenarios } from "./scenarios.ts";
import { startSimulator } from "./simulator.ts";

const { values } = parseArgs({
  options: {
    scenario: { type: "string", default: process.env["SIMULATOR_SCENARIO"] ?? "demo" },
    port: { type: "string", default: process.env["SIMULATOR_PORT"] ?? "15000" },
    address: { type: "string", default: process.env["SIMULATOR_ADDRESS"] ?? "127.0.0.1" },
    "public-url": { type: "string", default: process.env["SIMULATOR_PUBLIC_URL"] ?? "" },
    speed: { type: "string", default: process.env["SIMULATOR_SPEED"] ?? "1" },
    seed: { type: "string", default: process.env["SIMULATOR_SEED"] ?? "1" },
  },
});

function positive(name: "port" | "speed" | "seed"): number {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${name} is a number above zero, not ${values[name]}`);
}

if (!isScenarioName(values.scenario)) {
  throw new Error(`--scenario is one of ${Object.keys(scenarios).join(", ")}, not ${values.scenario}`);
}
const simulator = await startSimulator({
  ...scenarios[values.scenario](),
  port: positive("port"),
  address: values.address,
  ...(values["public-url"] === "" ? {} : { publicUrl: values["public-url"] }),
  speed: positive("speed"),
  seed: positive("seed"),
});
for (const [name, value] of Object.entries(simulator.env)) console.log(`export ${name}=${value}`);
console.log(`# faults, truth log and more: ${simulator.url}/simulator/`);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void simulator.close());

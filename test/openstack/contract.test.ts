/** The cloud contract on whatever cloud the OS_* variables name. It boots, moves and deletes servers there. */
import { cloudContract, type RunningCloud } from "./contract.ts";
import { openLab } from "./lab.ts";

const { OS_AUTH_URL, OS_LAB, OS_TEST_PROJECTS = "tenant-a,tenant-b" } = process.env;

if (OS_AUTH_URL) cloudContract("a real OpenStack", realCloud);
else console.log("skipped: the cloud contract on a real OpenStack, since OS_AUTH_URL is not set");

async function realCloud(): Promise<RunningCloud> {
  const [first = "", second = ""] = OS_TEST_PROJECTS.split(",");
  const lab = OS_LAB ? openLab(OS_LAB) : null;
  if (lab === null) console.log("OS_LAB is not set: failures of the hypervisor are left out");
  const variables = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("OS_")));
  return {
    variables,
    projects: [first, second],
    faults: lab && {
      failNextMove: (point, server, host, soft = false) =>
        lab.set(host, { fail: { [point]: { times: 1, instances: [server], soft } } }),
      slowLiveMigrations: (host, seconds) => lab.set(host, { live_migrate_seconds: seconds }),
      async heal(hosts) {
        for (const host of hosts) await lab.clear(host);
      },
    },
    spares: lab && { begin: (host) => lab.start(host), halt: (host) => lab.stop(host) },
    stop: async () => undefined,
  };
}

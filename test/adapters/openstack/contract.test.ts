/** The cloud contract on the simulated cloud; `npm run test:openstack` runs it on a real one. */
import { startSimulator } from "../../../src/simulator/simulator.ts";
import { cloudContract, type RunningCloud } from "../../openstack/contract.ts";
import type { FailurePoint } from "../../openstack/lab.ts";

cloudContract("the simulated cloud", async (): Promise<RunningCloud> => {
  const admin = { name: "admin", password: "admin", roles: ["admin"] };
  const simulator = await startSimulator({
    hosts: ["compute-1", "compute-2", "compute-3", "compute-4"],
    controllers: ["controller-1"],
    projects: [
      { name: "tenant-a", users: [{ name: "alice", password: "secret" }, admin] },
      { name: "tenant-b", users: [{ name: "bob", password: "secret" }, admin] },
    ],
    speed: 10,
  });
  const { cloud } = simulator;
  const live = (point: FailurePoint) => point.includes("live");
  return {
    variables: simulator.env,
    projects: ["tenant-a", "tenant-b"],
    faults: {
      failNextMove: async (at, instance, _host, soft) =>
        cloud.failMoves({ instance, kind: live(at) ? "live" : "cold", effect: { kind: "fails", at, soft } }),
      slowLiveMigrations: async (source, seconds) =>
        cloud.failMoves({ source, kind: "live", effect: { kind: "hangs", seconds: seconds * 2 } }),
      heal: async () => cloud.clearFaults(),
    },
    spares: {
      begin: async (name) => cloud.addHost({ name }),
      halt: async (name) => cloud.crash(name),
    },
    stop: () => simulator.close(),
  };
});

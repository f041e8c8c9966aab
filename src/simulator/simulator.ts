/** Starts a simulated cloud that listens: in a test, or as the program `main.ts`. */
import type { AddressInfo } from "node:net";
import { wallClock, type WallClock } from "./clock.ts";
import type { CloudOptions } from "./build-world.ts";
import { simulatedCloud, type SimulatedCloud } from "./cloud.ts";
import { control } from "./http/control.ts";
import type { CatalogEntry } from "./http/catalog.ts";
import { keystone } from "./http/keystone.ts";
import { nova } from "./http/nova/nova.ts";
import { placement } from "./http/placement.ts";
import { cloudServer, type RequestCounts } from "./http/server.ts";

export interface SimulatorOptions extends CloudOptions {
  /** Any free one when absent. */
  readonly port?: number;
  /** Address to listen on; only this machine unless told otherwise. */
  readonly address?: string;
  /** How clients reach it, when that is another address: the name of a container for example. */
  readonly publicUrl?: string;
  /** More services for Keystone's catalog, Fenix's own `maintenance` for example. */
  readonly catalog?: readonly CatalogEntry[];
}

export interface Simulator {
  readonly url: string;
  readonly authUrl: string;
  readonly cloud: SimulatedCloud;
  /** What a client needs in its environment to enter as the cloud's admin. */
  readonly env: Readonly<Record<string, string>>;
  /** For the work that begins from now on; a clock that was given keeps its own pace. */
  setSpeed(speed: number): void;
  requestCounts(): RequestCounts;
  resetRequestCounts(): void;
  close(): Promise<void>;
}

export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const own = wallClock({ speed: options.speed ?? 1 });
  const cloud = simulatedCloud({ ...options, clock: options.clock ?? own });
  return serve(cloud, own, options);
}

async function serve(cloud: SimulatedCloud, own: WallClock, options: SimulatorOptions): Promise<Simulator> {
  const { port = 0, address = "127.0.0.1", catalog = [] } = options;
  let url = "";
  const entries = (): readonly CatalogEntry[] => [
    { type: "identity", name: "keystone", url: `${url}/identity/v3` },
    { type: "compute", name: "nova", url: `${url}/compute/v2.1` },
    { type: "placement", name: "placement", url: `${url}/placement` },
    { type: "image", name: "glance", url: `${url}/image` },
    ...catalog,
  ];
  const simulator: Omit<Simulator, "url" | "authUrl" | "env"> = {
    cloud,
    setSpeed: (speed) => own.setSpeed(speed),
    requestCounts: () => counting.counts(),
    resetRequestCounts: () => counting.reset(),
    async close() {
      own.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  const apis = [keystone(cloud, entries), nova(cloud), placement(cloud), control(simulator)];
  const { server, counting } = cloudServer(cloud, apis);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, address, () => resolve());
  });
  const bound = (server.address() as AddressInfo).port;
  url = options.publicUrl ?? `http://${address === "0.0.0.0" ? "127.0.0.1" : address}:${bound}`;
  const authUrl = `${url}/identity/v3`;
  return { ...simulator, url, authUrl, env: environment(authUrl, cloud) };
}

function environment(authUrl: string, { world: { settings } }: SimulatedCloud): Readonly<Record<string, string>> {
  return {
    OS_AUTH_URL: authUrl,
    OS_USERNAME: "admin",
    OS_PASSWORD: "admin",
    OS_PROJECT_NAME: "admin",
    OS_USER_DOMAIN_NAME: "Default",
    OS_PROJECT_DOMAIN_NAME: "Default",
    OS_REGION_NAME: settings.region,
    OS_IDENTITY_API_VERSION: "3",
  };
}

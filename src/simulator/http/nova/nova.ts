/** Nova's compute API 2.1 … 2.93: admission, microversions and the shape of its errors. */
import type { SimulatedCloud } from "../../cloud.ts";
import { Refusal } from "../../refusal.ts";
import { header, ok, type Api, type Call, type Route } from "../api.ts";
import { unauthorized } from "../keystone.ts";
import { groupRoutes } from "./groups.ts";
import { hypervisorRoutes } from "./hypervisors.ts";
import { migrationRoutes } from "./migrations.ts";
import { serverActionRoutes } from "./server-actions.ts";
import { serverRoutes } from "./servers.ts";
import { serviceRoutes } from "./services.ts";
import { topologyRoutes } from "./topology.ts";

export function nova(cloud: SimulatedCloud): Api {
  const routes: readonly Route[] = [
    { method: "GET", pattern: "/", answer: (call) => ok({ versions: [oldVersion(call), currentVersion(call)] }) },
    { method: "GET", pattern: "/v2.1", answer: (call) => ok({ version: currentVersion(call) }) },
    ...serverRoutes(cloud),
    ...serverActionRoutes(cloud),
    ...migrationRoutes(cloud),
    ...serviceRoutes(cloud),
    ...hypervisorRoutes(cloud),
    ...groupRoutes(cloud),
    ...topologyRoutes(cloud),
  ];
  return {
    name: "nova",
    prefix: "/compute",
    routes,
    admit(call) {
      if (call.path === "/") return { token: null, minor: 1 };
      const token = cloud.identity.find(header(call, "x-auth-token")) ?? null;
      if (token === null && call.path !== "/v2.1") throw unauthorized();
      return { token, minor: negotiated(call) };
    },
    headers(call) {
      if (call.path === "/" || (call.token === null && call.path !== "/v2.1")) return {};
      return {
        "openstack-api-version": `compute 2.${call.minor}`,
        "x-openstack-nova-api-version": `2.${call.minor}`,
        vary: "OpenStack-API-Version, X-OpenStack-Nova-API-Version",
      };
    },
    errorBody(refusal) {
      const { status: code, message } = refusal;
      // A token is refused before Nova itself sees the request.
      if (code === 401) return { error: { code, title: "Unauthorized", message } };
      return { [kinds[code] ?? "computeFault"]: { code, message } };
    },
  };
}

const newest = 93;

function negotiated(call: Pick<Call, "headers">): number {
  const asked = header(call, "openstack-api-version");
  const ofCompute = asked?.split(",").find((entry) => entry.trim().startsWith("compute "));
  const version = ofCompute?.trim().slice("compute ".length) ?? header(call, "x-openstack-nova-api-version");
  if (version === undefined) return 1;
  if (version === "latest") return newest;
  const [, major, minor] = /^(\d+)\.(\d+)$/.exec(version) ?? [];
  if (major === undefined || minor === undefined) {
    throw new Refusal(400, `API Version String ${version} is of invalid format. Must be of format MajorNum.MinorNum.`);
  }
  if (major !== "2" || Number(minor) < 1 || Number(minor) > newest) {
    throw new Refusal(
      406,
      `Version ${version} is not supported by the API. Minimum is 2.1 and maximum is 2.${newest}.`,
    );
  }
  return Number(minor);
}

function currentVersion({ base }: Call): unknown {
  return {
    id: "v2.1",
    status: "CURRENT",
    version: `2.${newest}`,
    min_version: "2.1",
    updated: "2013-07-23T11:33:21Z",
    links: [{ rel: "self", href: `${base}/v2.1/` }],
  };
}

function oldVersion({ base }: Call): unknown {
  const links = [{ rel: "self", href: `${base}/v2/` }];
  return { id: "v2.0", status: "SUPPORTED", version: "", min_version: "", updated: "2011-01-21T11:33:21Z", links };
}

const kinds: Readonly<Record<number, string>> = {
  400: "badRequest",
  403: "forbidden",
  404: "itemNotFound",
  409: "conflictingRequest",
  413: "overLimit",
  429: "overLimit",
  503: "serviceUnavailable",
};

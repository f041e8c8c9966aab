/** Puts Fenix into Keystone's catalog, where its clients look for it: type `maintenance` (reference §2.1, K1). */
import { z } from "zod";
import { Problem } from "../../problems.ts";
import { type Answer, reasonIn, Unanswered } from "./http.ts";
import type { Entered } from "./login.ts";

export interface Registration {
  /** Ends in /v1: clients append `/maintenance/…` and the like. */
  readonly url: string;
  /** Null: that of the credentials, or the cloud's only one. */
  readonly region: string | null;
}

/** One endpoint, and what was done to it. */
export interface RegisteredEndpoint {
  readonly interface: string;
  readonly region: string;
  readonly url: string;
  readonly change: "created" | "changed" | "kept";
}

const TYPE = "maintenance";
const FACES = ["public", "internal", "admin"] as const;

const ServiceRow = z.object({ id: z.string() });
const EndpointRow = z.object({
  id: z.string(),
  interface: z.string(),
  region_id: z.string().nullish(),
  url: z.string(),
});
type EndpointRow = z.infer<typeof EndpointRow>;

/** Looks first, so that it may be done again, after a change of address too. Needs an admin of the cloud. */
export async function registerService(
  entered: Entered,
  { url, region: wanted }: Registration,
): Promise<readonly RegisteredEndpoint[]> {
  const region = wanted ?? regionOf(entered);
  const service = await foundOrCreated(entered);
  const { endpoints } = await get(
    entered,
    `/endpoints?service_id=${service.id}`,
    z.object({ endpoints: z.array(EndpointRow) }),
  );
  const registered: RegisteredEndpoint[] = [];
  for (const face of FACES) {
    const known = endpoints.find((one) => one.interface === face && one.region_id === region);
    registered.push({
      interface: face,
      region,
      url,
      change: await settle(entered, { service, known, face, region, url }),
    });
  }
  return registered;
}

async function foundOrCreated(entered: Entered): Promise<z.infer<typeof ServiceRow>> {
  const { services } = await get(entered, `/services?type=${TYPE}`, z.object({ services: z.array(ServiceRow) }));
  const [found] = services;
  if (found !== undefined) return found;
  const description = "Maintenance of hosts in agreement with the applications on them";
  const body = { service: { type: TYPE, name: "fenix", description, enabled: true } };
  return (await send(entered, { method: "POST", path: "/services", body }, z.object({ service: ServiceRow }))).service;
}

interface Settling {
  readonly service: z.infer<typeof ServiceRow>;
  readonly known: EndpointRow | undefined;
  readonly face: string;
  readonly region: string;
  readonly url: string;
}

async function settle(
  entered: Entered,
  { service, known, face, region, url }: Settling,
): Promise<RegisteredEndpoint["change"]> {
  if (known?.url === url) return "kept";
  const answer = z.object({ endpoint: EndpointRow });
  if (known !== undefined) {
    await send(entered, { method: "PATCH", path: `/endpoints/${known.id}`, body: { endpoint: { url } } }, answer);
    return "changed";
  }
  const endpoint = { service_id: service.id, interface: face, region_id: region, url, enabled: true };
  await send(entered, { method: "POST", path: "/endpoints", body: { endpoint } }, answer);
  return "created";
}

function regionOf({ token, credentials }: Entered): string {
  if (credentials.region !== null) return credentials.region;
  const regions = new Set(token.catalog.flatMap(({ endpoints }) => endpoints.flatMap(({ region }) => region ?? [])));
  const [only] = regions;
  if (only !== undefined && regions.size === 1) return only;
  throw new Problem("CLOUD_REFUSED", `which region? The cloud has ${[...regions].join(", ") || "none"}; name one`);
}

const get = <Schema extends z.ZodType>(entered: Entered, path: string, schema: Schema): Promise<z.infer<Schema>> =>
  send(entered, { method: "GET", path }, schema);

interface Sending {
  readonly method: "GET" | "POST" | "PATCH";
  readonly path: string;
  readonly body?: unknown;
}

async function send<Schema extends z.ZodType>(
  { http, token, credentials }: Entered,
  { method, path, body }: Sending,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const doing = "register Fenix in the catalog";
  const answer: Answer = await http.exchange({
    service: "keystone",
    method,
    url: `${credentials.authUrl}${path}`,
    template: path.replace(/\?.*$|\/[0-9a-f-]{32,36}$/, ""),
    doing,
    headers: { "x-auth-token": token.value },
    body,
    signal: new AbortController().signal,
  });
  if (answer.status >= 400)
    throw new Problem(
      "CLOUD_REFUSED",
      `could not ${doing}: Keystone answered ${answer.status}: ${reasonIn(answer.body) ?? ""}`,
    );
  const read = schema.safeParse(answer.body);
  if (!read.success)
    throw new Unanswered(`could not ${doing}: the answer of Keystone is not understood`, { cause: read.error });
  return read.data;
}

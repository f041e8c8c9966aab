/** A token for whoever the `OS_*` variables and clouds.yaml name, to show to another service. */
import type { Clock } from "../../ports/clock.ts";
import { systemClock } from "../system-clock.ts";
import { type Credentials, type OpenStackVariables, readCredentials } from "./credentials.ts";
import { type Http, openHttp } from "./http.ts";
import { keystone as keystoneApi, type Keystone, type Token } from "./keystone.ts";

/** Somebody who has come in, for as long as it takes. */
export interface Entered {
  readonly token: Token;
  readonly http: Http;
  readonly keystone: Keystone;
  readonly credentials: Credentials;
}

/** A person waits at the other end. */
const LIMITS = { answerMs: 15_000, repeats: 1 };

/**
 * Comes into the cloud, does `work` there and closes the connections. Null when the variables name no cloud; throws when
 * they are incomplete, and what Keystone has against them.
 */
export async function enterCloud<Result>(
  variables: OpenStackVariables,
  work: (entered: Entered) => Promise<Result>,
  clock: Clock = systemClock,
): Promise<Result | null> {
  const credentials = readCredentials(variables);
  if (credentials === null) return null;
  const http = openHttp({ ...credentials, limits: LIMITS });
  try {
    const keystone = keystoneApi(credentials, { http, clock });
    const token = await keystone.token(new AbortController().signal);
    return await work({ token, http, keystone, credentials });
  } finally {
    await http.close();
  }
}

/** The token that the command shows to Fenix: the one in OS_TOKEN, or one from Keystone. */
import { enterCloud } from "../adapters/openstack/login.ts";
import type { ClientConfig } from "../config.ts";
import { isProblem } from "../problems.ts";
import { Refused, Unreachable, Usage } from "./endings.ts";

/** Fetches a token; null when nothing says where to get one. */
export type Login = () => Promise<string | null>;

export const loginWith =
  ({ token, openstack }: Pick<ClientConfig, "token" | "openstack">): Login =>
  async () =>
    token ?? inWords(enterCloud(openstack, async (entered) => entered.token.value));

/** What the cloud or its variables have against somebody, with the exit code that goes with it. */
export async function inWords<Result>(entering: Promise<Result>): Promise<Result> {
  try {
    return await entering;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (isProblem(error, "CLOUD_REFUSED")) throw new Refused(message, { cause: error });
    if (isProblem(error)) throw new Unreachable(message, { cause: error });
    throw new Usage(message, { cause: error });
  }
}

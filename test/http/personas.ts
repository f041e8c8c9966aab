/** A door with a simulated Keystone behind it, and people with tokens of every kind. */
import { keystoneIdentity } from "../../src/adapters/openstack/identity.ts";
import { addUser, projectNamed } from "../../src/simulator/identity.ts";
import type { Project } from "../../src/simulator/world.ts";
import { startSimulator } from "../../src/simulator/simulator.ts";
import { type Given, openDoor, projectId } from "./a-door.ts";

/** Who have a good token; `reader` and `member` are of the door's project. */
export const personas = [
  "admin",
  "operator_reader",
  "service",
  "reader",
  "member",
  "other_member",
  "unscoped",
] as const;
export type Persona = (typeof personas)[number];

/** Those who have none. */
export const strangers = ["nobody", "wrong_token", "expired_token", "revoked_token"] as const;
export type Stranger = (typeof strangers)[number];

export async function guardedDoor(given: Given = {}) {
  const simulator = await startSimulator({ hosts: ["compute-1"], projects: ["bank"] });
  const { world, identity: keystone } = simulator.cloud;
  const shop: Project = { id: projectId, name: "shop" };
  world.projects.set(shop.id, shop);
  const [bank, operators] = [projectNamed(world, "bank"), projectNamed(world, "admin")];
  const user = (name: string, project: Project | null, roles: readonly string[]) => {
    const added = addUser(world, { name, password: "secret", roles }, project ?? bank);
    return keystone.issue(added, project, "password");
  };
  const tokens: Record<Persona, string> = {
    admin: user("root", operators, ["reader", "member", "admin"]).secret,
    operator_reader: user("auditor", operators, ["reader"]).secret,
    service: user("healer", bank, ["service"]).secret,
    reader: user("viewer", shop, ["reader"]).secret,
    member: user("manager", shop, ["reader", "member"]).secret,
    other_member: user("banker", bank, ["reader", "member"]).secret,
    unscoped: user("drifter", null, ["reader", "member"]).secret,
  };
  const [expired, revoked] = [user("late", operators, ["admin"]), user("fired", operators, ["admin"])];
  Object.assign(expired, { expiresAt: 0 });
  keystone.revoke(revoked);
  const identity = keystoneIdentity(simulator.env);
  const door = openDoor({ ...given, identity });
  return {
    ...door,
    simulator,
    /** The header that they show, if any. */
    header: (who: Persona | Stranger): Record<string, string> => {
      if (who === "nobody") return {};
      if (who === "wrong_token") return { "x-auth-token": "gAAAAABnonsense" };
      if (who === "expired_token") return { "x-auth-token": expired.secret };
      if (who === "revoked_token") return { "x-auth-token": revoked.secret };
      return { "x-auth-token": tokens[who] };
    },
    close: async () => {
      await door.close();
      await identity.close();
      await simulator.close();
    },
  };
}

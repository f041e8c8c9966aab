/** Who may use the cloud: users, their passwords and roles, and the tokens given to them. */
import { Refusal } from "./refusal.ts";
import type { Chance } from "./chance.ts";
import type { ApplicationCredential, Project, User, World } from "./world.ts";

export interface Token {
  readonly secret: string;
  readonly user: User;
  readonly project: Project | null;
  readonly roles: readonly string[];
  readonly method: "password" | "application_credential" | "token";
  readonly auditId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface Identity {
  issue(user: User, project: Project | null, method: Token["method"]): Token;
  /** The token if it is good now. */
  find(secret: string | undefined): Token | undefined;
  revoke(token: Token): void;
  /** All tokens, or those of one user. */
  revokeAll(userName?: string): void;
  /** Keystone takes a user's tokens away with the old password; application credentials stay good. */
  changePassword(userName: string, password: string): void;
}

export function identity(world: World): Identity {
  const tokens = new Map<string, Token>();
  const revokeAll = (userName?: string): void => {
    for (const [secret, { user }] of tokens) {
      if (userName === undefined || user.name === userName) tokens.delete(secret);
    }
  };
  return {
    issue(user, project, method) {
      const now = world.clock.now();
      const token: Token = {
        secret: tokenSecret(world.chance),
        user,
        project,
        roles: project === null ? [] : (user.roles.get(project.id) ?? []),
        method,
        auditId: world.chance.hex().slice(0, 22),
        issuedAt: now,
        expiresAt: now + world.settings.tokenSeconds * 1000,
      };
      tokens.set(token.secret, token);
      return token;
    },
    find(secret) {
      const token = secret === undefined ? undefined : tokens.get(secret);
      if (token === undefined || token.expiresAt > world.clock.now()) return token;
      tokens.delete(token.secret);
      return undefined;
    },
    revoke: ({ secret }) => void tokens.delete(secret),
    revokeAll,
    changePassword(userName, password) {
      userNamed(world, userName).password = password;
      revokeAll(userName);
    },
  };
}

export function isAdmin({ roles }: Token): boolean {
  return roles.includes("admin");
}

export function userNamed(world: World, name: string): User {
  const user = world.users.find((candidate) => candidate.name === name);
  if (user === undefined) throw new Refusal(404, `no user ${name}`);
  return user;
}

export function projectNamed(world: World, name: string): Project {
  for (const project of world.projects.values()) if (project.name === name || project.id === name) return project;
  throw new Refusal(404, `no project ${name}`);
}

export function addProject(
  { projects, chance }: { projects: Map<string, Project>; chance: Chance },
  name: string,
): Project {
  const project = { id: chance.hex(), name };
  projects.set(project.id, project);
  return project;
}

export interface UserSpec {
  readonly name: string;
  readonly password: string;
  readonly roles?: readonly string[] | undefined;
}

/** Adds a user with roles in one project, or the project to the roles the user has. */
export function addUser(world: { users: User[]; chance: Chance }, spec: UserSpec, project: Project): User {
  const { name, password, roles = ["reader", "member"] } = spec;
  let user = world.users.find((candidate) => candidate.name === name);
  if (user === undefined) {
    user = { id: world.chance.hex(), name, password, roles: new Map(), applicationCredentials: [] };
    world.users.push(user);
  }
  user.roles.set(project.id, roles);
  return user;
}

/** A credential for one project that works without the user's password. */
export function addApplicationCredential(
  world: World,
  { user, project, name = "fenix" }: { readonly user: string; readonly project: string; readonly name?: string },
): ApplicationCredential {
  const { chance } = world;
  const credential = {
    id: chance.hex(),
    name,
    secret: `${chance.hex()}${chance.hex()}`,
    project: projectNamed(world, project).id,
  };
  userNamed(world, user).applicationCredentials.push(credential);
  return credential;
}

/** As long as Keystone's own and as opaque. */
function tokenSecret(chance: Chance): string {
  const bytes = Buffer.from(Array.from({ length: 9 }, () => chance.hex()).join(""), "hex");
  return `gAAAAAB${bytes.toString("base64url").slice(0, 176)}`;
}

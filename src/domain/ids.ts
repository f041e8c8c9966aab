/** Names of things, branded so that nobody passes a project where a host belongs. */
import { z } from "zod";

/** A session's id: UUID version 4, since a guessable id would let a stranger find a session. */
export const SessionId = z.uuid().brand<"SessionId">();
export type SessionId = z.infer<typeof SessionId>;

/** A host as Nova names it in `os-services` (`host`), which may be short or fully qualified. */
export const HostName = z.string().min(1).max(255).brand<"HostName">();
export type HostName = z.infer<typeof HostName>;

/** A Keystone project id: usually 32 hexadecimal digits, but Keystone promises only a string. */
export const ProjectId = z.string().min(1).max(64).brand<"ProjectId">();
export type ProjectId = z.infer<typeof ProjectId>;

/** A Nova server's id. */
export const InstanceId = z.string().min(1).max(64).brand<"InstanceId">();
export type InstanceId = z.infer<typeof InstanceId>;

/** A Nova server group's id. */
export const GroupId = z.string().min(1).max(64).brand<"GroupId">();
export type GroupId = z.infer<typeof GroupId>;

/** The name under which a workflow or a host action is registered. */
export const PluginName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/i, "a plugin name has letters, digits, - and _ only")
  .brand<"PluginName">();
export type PluginName = z.infer<typeof PluginName>;

/** The pseudo host on which `pre` and `post` actions run, as in the original Fenix (reference §4.8). */
export const LOCALHOST = HostName.parse("localhost");

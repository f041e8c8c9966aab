/** How a host is reached over ssh. */
export interface SshAccess {
  readonly host: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  readonly identityFile?: string | undefined;
  /** As in ssh_config, such as `StrictHostKeyChecking=accept-new`. The first of equal names holds, as ssh has it. */
  readonly options?: readonly string[] | undefined;
}

/** A far host that vanished is noticed within a minute, one that never answers within a quarter of it. */
const OPTIONS = ["BatchMode=yes", "ConnectTimeout=15", "ServerAliveInterval=15", "ServerAliveCountMax=4"];

/** The ssh command that runs what comes over its standard input. */
export function sshCommand({
  host,
  user,
  port,
  identityFile,
  options = [],
}: SshAccess): readonly [string, ...string[]] {
  return [
    "ssh",
    "-T",
    ...[...options, ...OPTIONS].flatMap((option) => ["-o", option]),
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(identityFile === undefined ? [] : ["-i", identityFile]),
    "--", // A host that begins with a dash is a host.
    host,
    "exec /bin/sh -s",
  ];
}

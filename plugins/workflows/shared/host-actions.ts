/** Runs the session's host actions on one host, one after another. */
import { actionsOf, type ActionPhase, type HostName, perform, type SessionHost, type View } from "#sdk";
import { type Hold, troubleWith, untilEnded } from "./hold.ts";

interface ActionTrouble {
  readonly kind: "trouble";
  readonly reason: string;
  readonly advice: string;
}

/** Its own time limit ends an action; this only tells people when to look. */
const ACTION_SECONDS = 3_600;

/** Null when all actions of these phases are done on the host. */
export function runActions(view: View, host: HostName, phases: readonly ActionPhase[]): Hold | ActionTrouble | null {
  const { actions } = view.session;
  for (const action of phases.flatMap((phase) => actionsOf(actions, phase))) {
    const { plugin, phase } = action;
    const index = actions.indexOf(action);
    const record = view.effect("run_action", `${host}/${index}`);
    if (!record) return perform([{ kind: "run_action", plugin, phase, host, index }], `${phase} actions on ${host}`);
    const hold = untilEnded(view, record, `the host action ${plugin} (${phase}) on ${host}`, ACTION_SECONDS);
    if (hold) return hold;
    const trouble = troubleWith(record);
    if (trouble !== null) return told(`the host action ${plugin} (${phase}) on ${host}`, record.status.kind, trouble);
  }
  return null;
}

function told(what: string, status: string, trouble: string): ActionTrouble {
  const look = "Its output is in the session's detail (GET /v1/maintenance/{session_id}/detail).";
  return status === "unknown"
    ? {
        kind: "trouble",
        reason: `${what} may or may not have run: ${trouble}`,
        advice: `${look} Find out how far it came, bring the host into order, then continue the session.`,
      }
    : {
        kind: "trouble",
        reason: `${what} failed: ${trouble}`,
        advice: `${look} Remove the cause, bring the host into order, then continue the session.`,
      };
}

/** A host that is controller and compute has both kinds done to it, the control plane first. */
export const phasesOf = ({ roles }: SessionHost): readonly ActionPhase[] => [
  "host",
  ...(["other", "controller", "compute"] as const).filter((role) => roles.includes(role)),
];

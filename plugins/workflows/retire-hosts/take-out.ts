/** What becomes of an emptied host: it leaves the cloud, as the session's option says. */
import { fail, isCompute, perform, type SessionHost, type View } from "#sdk";
import { type Hold, troubleWith, untilEnded } from "../shared/hold.ts";
import { mark, type Visit } from "../shared/visit.ts";

/** A request or two; a quarter of an hour leaves room for a cloud that is out of reach for a while. */
const REMOVE_SECONDS = 900;

export const takeOut: Visit = (view, host) => {
  const deletes = isCompute(host) && view.session.options.retired_host === "delete_service";
  return (deletes ? removed(view, host) : null) ?? mark(host, { kind: "maintained", at: view.now, as: "removed" });
};

/** Null once its compute service is deleted. */
function removed(view: View, host: SessionHost): Hold | null {
  const { name } = host;
  const record = view.effect("remove_host", name);
  if (!record) return perform([{ kind: "remove_host", host: name }], "it is empty, and shall leave the cloud");
  const hold = untilEnded(view, record, `the compute service of ${name} to be deleted`, REMOVE_SECONDS);
  const trouble = troubleWith(record);
  if (hold || trouble === null) return hold;
  const reason = `the compute service of ${name} could not be deleted: ${trouble}`;
  if (view.session.options.on_failed_action === "skip_host") return mark(host, { kind: "failed", reason });
  return fail(
    reason,
    "Remove what is in the way (such as a resize on the host that nobody has confirmed) and continue the session.",
  );
}

/** What a project reads under the link of a question (P1). */
import type { z } from "zod";
import type { ProjectInstances } from "../wire/project-instances.ts";
import { formatTime } from "../wire/times.ts";
import type { Asked } from "./asked.ts";

/** `asked` is the question whose link was followed. Links keep their tokens here, which only their own manager is told. */
export function projectView(asked: Asked, all: readonly Asked[], now: Date): z.infer<typeof ProjectInstances> {
  const [session = "", project = ""] = new URL(asked.link).pathname.split("/").slice(-2 - (asked.instance ? 1 : 0));
  const isOpen = ({ replies, replyBy }: Asked): boolean => replies.length === 0 && now <= replyBy;
  const shown = (one: Asked) => ({
    state: one.state,
    allowed_actions: [...one.allowedActions],
    missing: one.missing,
    reply_at: formatTime(one.replyBy),
    actions_at: formatTime(one.replyBy),
  });
  return {
    instance_ids: [...asked.instances],
    session_id: session,
    project_id: decodeURIComponent(project),
    state: asked.state,
    reply_url: asked.link,
    question: { ...shown(asked), open: isOpen(asked), answer: answerOf(asked) },
    open_questions: all
      .filter(isOpen)
      .map((one) => ({ ...shown(one), instance_ids: [...one.instances], reply_url: one.link })),
  };
}

function answerOf({ replies }: Asked): "ACK" | "NACK" | null {
  const kept = replies.find(({ became }) => became === "kept");
  if (!kept) return null;
  return kept.said.state.startsWith("ACK_") ? "ACK" : "NACK";
}

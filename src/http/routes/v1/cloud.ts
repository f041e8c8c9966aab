/** The cloud as the planner sees it. */
import { CloudSnapshot } from "../../../planner/format/snapshot.ts";
import { ProblemDocument } from "../../../wire/problem-document.ts";
import type { App, RouteDependencies } from "../../dependencies.ts";

export function cloudRoute(app: App, { commands }: RouteDependencies): void {
  app.get(
    "/v1/cloud",
    {
      config: { access: { rule: "fenix:cloud:get", of: "operator" } },
      schema: {
        tags: ["planning"],
        summary: "Look at the cloud",
        description:
          "A cloud snapshot, version 1: hosts, instances and groups as they are now, with a session over all hosts. " +
          "`fenix plan --cloud` plans with it offline.",
        response: { 200: CloudSnapshot, default: ProblemDocument },
      },
    },
    async () => commands.takeSnapshot({}),
  );
}

/** Requests that no route takes: 404, or 405 where the URL exists and takes other methods. */
import { Problem } from "../problems.ts";
import type { App } from "./dependencies.ts";

export function answerUnknownUrls(app: App): void {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    routes.push({ pattern: patternOf(url), methods: [method].flat() });
  });
  app.setNotFoundHandler(({ method, url }, reply) => {
    const path = url.split("?", 1)[0] ?? "";
    const allowed = new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods));
    if (allowed.size === 0) throw new Problem("NOT_FOUND", "there is nothing at this URL");
    const list = [...allowed].toSorted().join(", ");
    void reply.header("allow", list);
    throw new Problem("METHOD_NOT_ALLOWED", `${method} is not possible here, only ${list}`);
  });
}

/** `/v1/maintenance/:session_id` also with its slash at the end. */
const patternOf = (url: string): RegExp =>
  new RegExp(
    `^${url
      .replace(/\/$/, "")
      .replaceAll(/:[^/]+/g, "[^/]+")
      .replaceAll("*", ".*")}/?$`,
  );

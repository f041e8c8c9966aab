/** The description of this API, for programs. */
import type { App } from "../dependencies.ts";

export function openapiRoute(app: App): void {
  app.get("/openapi.json", { config: { access: "everybody" }, schema: { hide: true } }, async () => app.swagger());
}

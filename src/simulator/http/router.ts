import type { Route } from "./api.ts";

export type FindRoute = (method: string, path: string) => FoundRoute | undefined;

export interface FoundRoute {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Looks routes up by method and number of segments; among equals the first that fits wins. */
export function router(routes: readonly Route[]): FindRoute {
  const table = new Map<string, { readonly route: Route; readonly segments: readonly string[] }[]>();
  for (const route of routes) {
    const segments = route.pattern.split("/");
    const key = `${route.method} ${segments.length}`;
    const alike = table.get(key) ?? [];
    table.set(key, [...alike, { route, segments }]);
  }
  return (method, path) => {
    const asked = path.split("/");
    for (const { route, segments } of table.get(`${method} ${asked.length}`) ?? []) {
      const params = paramsOf(segments, asked);
      if (params !== undefined) return { route, params };
    }
    return undefined;
  };
}

function paramsOf(segments: readonly string[], asked: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [place, segment] of segments.entries()) {
    const part = asked[place] ?? "";
    if (segment.startsWith(":") && part !== "") params[segment.slice(1)] = decoded(part);
    else if (segment !== part) return undefined;
  }
  return params;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

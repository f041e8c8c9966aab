/** What a lock file written on one machine has to hold, so that "npm ci" passes on every other. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface LockedPackage {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const text = readFileSync(new URL("../package-lock.json", import.meta.url), "utf8");
const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, LockedPackage>> };

// npm drops them where they cannot be had, and "npm ci" then misses them elsewhere. "npm install" on a machine that
// reaches a full registry, after removing package-lock.json, brings them back.
test("the packages for other platforms are listed", () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !placesFor(path, name).some((place) => place in packages))
      .map((name) => `${name}, wanted by ${path}`),
  );
  expect(missing).toEqual([]);
});

test("no address of a registry is written down, which another machine may not reach", () => {
  expect(Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
});

/** Where Node would look for a package, from the wanting one's own folder upwards. */
function placesFor(path: string, name: string): string[] {
  const folders = path.split("/node_modules/");
  const above = folders.map((_, index) => folders.slice(0, folders.length - index).join("/node_modules/"));
  return [
    ...above.filter((folder) => folder !== "").map((folder) => `${folder}/node_modules/${name}`),
    `node_modules/${name}`,
  ];
}

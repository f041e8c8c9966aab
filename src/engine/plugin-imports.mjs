/** Runs on the loader's thread of Node.js (`module.register`): how modules in an operator's plugin folders are resolved. */

let folders = [];
let modules = {};

export function initialize(given) {
  ({ folders, modules } = given);
}

export async function resolve(specifier, context, nextResolve) {
  const fromPlugin = folders.some((folder) => context.parentURL?.startsWith(folder));
  const resolved = await nextResolve((fromPlugin && modules[specifier]) || specifier, context);
  // A .ts or .js file without a package.json above it would be taken for CommonJS, which cannot import `#sdk`.
  const ours = folders.some((folder) => resolved.url.startsWith(folder)) && !resolved.url.includes("/node_modules/");
  return ours && resolved.format === "commonjs" ? { ...resolved, format: "module" } : resolved;
}

/** Writes openapi.yaml; with `--check`, only tells whether it is fresh and valid. */
import { readFile, writeFile } from "node:fs/promises";
import { Validator } from "@seriousme/openapi-schema-validator";
import { parse } from "yaml";
import { describeForFile } from "./openapi-document.ts";

const file = new URL("../openapi.yaml", import.meta.url);
const text = await describeForFile();
const { valid, errors } = await new Validator().validate(parse(text));
if (!valid) throw new Error(`the description is no valid OpenAPI: ${JSON.stringify(errors, null, 2)}`);
if (!process.argv.includes("--check")) await writeFile(file, text);
else if ((await readFile(file, "utf8").catch(() => "")) !== text) {
  console.error('openapi.yaml is out of date: run "npm run openapi" and commit it');
  process.exitCode = 1;
}

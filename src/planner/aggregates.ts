/** The two scheduler filters of Nova that bind instances to host aggregates. */
import type { Aggregate, CloudInstance } from "../domain/cloud.ts";

/** What the aggregates of a host lack for this instance, in words; null when nothing. */
export function aggregateObstacle(instance: CloudInstance, aggregates: readonly Aggregate[]): string | null {
  for (const [key, wanted] of Object.entries(instance.aggregateSpecs)) {
    const offered = valuesOf(aggregates, key);
    if (!offered.some((value) => matches(value, wanted))) return `${key}=${wanted}`;
  }
  const reserved = aggregates.flatMap(projectsOf);
  return reserved.length === 0 || reserved.includes(instance.project)
    ? null
    : "no aggregate reserved for other projects";
}

/** Nova joins the values of all aggregates of a host, each a list with commas (AggregateInstanceExtraSpecsFilter). */
const valuesOf = (aggregates: readonly Aggregate[], key: string): readonly string[] =>
  aggregates.flatMap(({ metadata }) => listOf(metadata[key]));

/**
 * The projects a host is reserved for (AggregateMultiTenancyIsolation). Nova takes every key that begins with
 * `filter_tenant_id`, so that an operator can name more projects than fit into one value.
 */
const projectsOf = ({ metadata }: Aggregate): readonly string[] =>
  Object.entries(metadata).flatMap(([key, value]) => (key.startsWith("filter_tenant_id") ? listOf(value) : []));

const listOf = (value: string | undefined): readonly string[] =>
  (value ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

const numeric: Readonly<Record<string, (offered: number, wanted: number) => boolean>> = {
  "=": (offered, wanted) => offered >= wanted, // Nova's own reading of a single `=`: at least.
  "==": (offered, wanted) => offered === wanted,
  "!=": (offered, wanted) => offered !== wanted,
  ">=": (offered, wanted) => offered >= wanted,
  "<=": (offered, wanted) => offered <= wanted,
};

const textual: Readonly<Record<string, (offered: string, wanted: string) => boolean>> = {
  "s==": (offered, wanted) => offered === wanted,
  "s!=": (offered, wanted) => offered !== wanted,
  "s<": (offered, wanted) => offered < wanted,
  "s<=": (offered, wanted) => offered <= wanted,
  "s>": (offered, wanted) => offered > wanted,
  "s>=": (offered, wanted) => offered >= wanted,
  "<in>": (offered, wanted) => offered.includes(wanted),
  "<all-in>": (offered, wanted) => wanted.split(/\s+/).every((part) => offered.includes(part)),
};

/** A flavor's extra spec is a value, or an operator with operands (Nova documentation, extra specs). */
function matches(offered: string, wanted: string): boolean {
  const [operator = "", ...operands] = wanted.trim().split(/\s+/);
  const operand = operands.join(" ");
  if (operator === "<or>") return operand.split(/\s*<or>\s*/).includes(offered);
  const compareTexts = textual[operator];
  if (compareTexts) return compareTexts(offered, operand);
  const compareNumbers = numeric[operator];
  if (compareNumbers) return compareNumbers(Number(offered), Number(operand));
  return offered === wanted.trim();
}

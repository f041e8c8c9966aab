/** Columns for people: as wide as their longest cell, the last one as long as it likes. No table when there is nothing. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], nothing = "none"): string {
  if (rows.length === 0) return `${nothing}\n`;
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

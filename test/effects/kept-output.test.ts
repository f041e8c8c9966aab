import { expect, test } from "vitest";
import { keptOutput } from "../../src/effects/kept-output.ts";

test("the first and the last 32 KiB are kept, and what is missing is counted", async () => {
  const output = keptOutput(async () => undefined);
  output.append("begin ");
  for (let line = 0; line < 10_000; line++) output.append("0123456789");
  output.append(" end");
  await output.close();
  const text = output.text();
  expect(text.startsWith("begin 0123")).toBe(true);
  expect(text.endsWith("789 end")).toBe(true);
  expect(text).toContain(`… ${100_010 - 2 * 32 * 1024} characters left out …`);
});

test("a short output is kept as it is", async () => {
  const output = keptOutput(async () => undefined);
  output.append("a\n");
  output.append("b\n");
  await output.close();
  expect(output.text()).toBe("a\nb\n");
});

import { expect, test } from "vitest";
import { hostActionSuite, testHostAction } from "#sdk/testing";
import dummy from "./index.ts";

const suite = hostActionSuite(dummy, {
  examples: [
    { name: "nothing said" },
    { name: "a long one", metadata: { seconds: 0.2 } },
    { name: "a hint of a published request", metadata: { upgrade: "SW1" } },
  ],
  refused: [
    { metadata: [], field: "" },
    { metadata: { seconds: -1 }, field: "seconds" },
    { metadata: { fail: "yes" }, field: "fail" },
    { metadata: { fail_on: [7] }, field: "fail_on[0]" },
  ],
});
test.each(suite)("$name", ({ run }) => expect(run()).resolves.toBeUndefined());

test("it tells what it does", async () => {
  const { output, error } = await testHostAction(dummy, { host: "compute-3", phase: "compute" });
  expect({ output, error }).toEqual({
    output: "pretending to work on compute-3 (compute) for 0 s\ndone\n",
    error: null,
  });
});

test.each([
  { metadata: { fail: true }, host: "compute-1", fails: true },
  { metadata: { fail_on: ["compute-2"] }, host: "compute-2", fails: true },
  { metadata: { fail_on: ["compute-2"] }, host: "compute-1", fails: false },
])("with $metadata on $host it fails: $fails", async ({ metadata, host, fails }) => {
  const { error } = await testHostAction(dummy, { metadata, host });
  expect(error?.message).toBe(fails ? `told to fail on ${host}` : undefined);
});

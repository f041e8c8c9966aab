import { describe, expect, test } from "vitest";
import { PluginName } from "../../src/domain/ids.ts";
import type { ActionPhase } from "../../src/domain/session.ts";
import { checkAction, pluginsOf } from "../../src/engine/plugins.ts";
import { Problem } from "../../src/problems.ts";
import { defineHostAction, z } from "../../src/sdk/index.ts";

const reboot = defineHostAction({
  name: "reboot",
  phases: ["host", "compute"],
  metadata: z.strictObject({
    timeout_seconds: z.int().positive().default(900),
    steps: z.array(z.strictObject({ name: z.string() })).default([]),
  }),
  rerun: "idempotent",
  async run() {},
});
const plugins = pluginsOf({ workflows: [], hostActions: [reboot] });
const ask = ({
  plugin = "reboot",
  phase = "host",
  metadata,
}: {
  plugin?: string;
  phase?: ActionPhase;
  metadata?: unknown;
}) => checkAction(plugins, { plugin: PluginName.parse(plugin), phase, metadata }, "actions[2]");

/** The problem that is thrown, as the admin gets it. */
function refusal(act: () => unknown): { code: string; field: string | null; detail: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof Problem) return { code: error.code, field: error.field, detail: error.message };
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("a requested action", () => {
  test.each([undefined, null, {}])("with metadata %j gets the defaults", (metadata) => {
    expect(ask({ metadata })).toEqual({ timeout_seconds: 900, steps: [] });
  });

  test.each([
    {
      given: { plugin: "rebot" },
      code: "ACTION_UNKNOWN",
      field: "actions[2].plugin",
      detail: '"rebot" is none of reboot',
    },
    { given: { phase: "post" }, code: "ACTION_PHASE_UNSUPPORTED", field: "actions[2].type", detail: "host, compute" },
    { given: { metadata: [] }, code: "BODY_INVALID", field: "actions[2].metadata", detail: "expected object" },
    {
      given: { metadata: { timeout_seconds: 0 } },
      code: "BODY_INVALID",
      field: "actions[2].metadata.timeout_seconds",
      detail: ">0",
    },
    {
      given: { metadata: { timeout: 9 } },
      code: "BODY_INVALID",
      field: "actions[2].metadata.timeout",
      detail: "not known",
    },
    {
      given: { metadata: { steps: [{}] } },
      code: "BODY_INVALID",
      field: "actions[2].metadata.steps[0].name",
      detail: "string",
    },
  ] as const)("with $given is refused by field", ({ given, code, field, detail }) => {
    expect(refusal(() => ask(given))).toEqual({ code, field, detail: expect.stringContaining(detail) });
  });

  test("tells every field that is wrong", () => {
    const { detail } = refusal(() => ask({ metadata: { timeout_seconds: "soon", when: 1 } }));
    expect(detail).toContain("actions[2].metadata.timeout_seconds");
    expect(detail).toContain("actions[2].metadata.when");
  });
});

describe("an author's mistake that only metadata can bring to light", () => {
  test.each([
    { mistake: { rerun: () => "detectable" as const }, says: "there is no isDone" },
    { mistake: { timeoutSeconds: () => Number.NaN }, says: "timeoutSeconds is NaN" },
    { mistake: { timeoutSeconds: () => 1e9 }, says: "timeoutSeconds is 1000000000" },
    { mistake: { metadata: z.object({ days: z.string().default("3").transform(Number) }) }, says: "does not accept" },
  ])("$says", ({ mistake, says }) => {
    const { name, phases } = reboot;
    const action = {
      name,
      phases,
      metadata: z.object({}),
      rerun: "idempotent",
      timeoutSeconds: () => 60,
      run: async () => {},
    } as const;
    const broken = pluginsOf({ workflows: [], hostActions: [{ ...action, ...mistake }] });
    const act = () => checkAction(broken, { plugin: PluginName.parse("reboot"), phase: "host" }, "actions[0]");
    expect(act).toThrow(/host action reboot is broken/);
    expect(act).toThrow(says);
  });
});

test("the registry names its plugins in order", () => {
  const named = (name: string) => ({ ...reboot, name });
  expect(pluginsOf({ workflows: [], hostActions: [named("b"), named("a")] }).names()).toEqual({
    workflows: [],
    hostActions: ["a", "b"],
  });
});

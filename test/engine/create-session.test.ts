import { expect, test } from "vitest";
import { PluginName, SessionId } from "../../src/domain/ids.ts";
import { SessionOptions } from "../../src/domain/session.ts";
import { createSession, type CreatingSessions } from "../../src/engine/commands/create-session.ts";
import { loadPlugins } from "../../src/engine/load-plugins.ts";
import { aCloud, stillClock } from "../effects/support.ts";
import { NOON } from "../support/a-view.ts";

const plugins = await loadPlugins(["plugins"]);

/** Whoever touches it has gone too far. */
const untouched = <Port extends object>(): Port =>
  new Proxy({} as Port, {
    get: (_port, name) => {
      throw new Error(`nobody expected ${String(name)}`);
    },
  });

test.each(["add-hosts", "retire-hosts"])(
  "a session of %s that names no hosts is refused before anything is asked",
  async (name) => {
    const deps: CreatingSessions = {
      ...{ plugins, clock: stillClock, cloud: aCloud({}), sessions: untouched(), plans: untouched() },
      ...{ wakes: untouched(), maxSessions: 1 },
      newId: () => SessionId.parse("5d1f5b6e-7a43-4c39-9e0f-6c1b8a2d3e4f"),
    };
    const request = {
      ...{ hosts: [], maintenanceAt: NOON, metadata: {}, actions: [], options: SessionOptions.parse({}) },
      ...{ workflow: PluginName.parse(name), planDigest: null },
    };
    await expect(createSession(request, deps)).rejects.toMatchObject({ code: "BODY_INVALID", field: "hosts" });
  },
);

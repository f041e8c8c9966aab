import { describe, expect, test, vi } from "vitest";
import type { HostDoor } from "../../src/domain/cloud.ts";
import { closeHost, closingReason, openHost } from "../../src/effects/doors.ts";
import { aSnapshot, host } from "../support/a-view.ts";
import { performing } from "./support.ts";

const ours: HostDoor = { kind: "closed", reason: closingReason(aSnapshot().session.id) };
const others: HostDoor = { kind: "closed", reason: "broken fan" };
const open: HostDoor = { kind: "open" };
/** As a Nova with `enable_new_services = False` writes it. */
const fresh: HostDoor = { kind: "closed", reason: "New compute service disabled due to config option." };

describe("closing", () => {
  test.each([
    { name: "an open host is closed", door: open, closed: 1, closure: "closed_by_session" },
    { name: "one we closed before a crash is left", door: ours, closed: 0, closure: "closed_by_session" },
    { name: "one that others closed stays theirs", door: others, closed: 0, closure: "closed_by_others" },
    {
      name: "one closed without a reason stays theirs",
      door: { ...others, reason: null },
      closed: 0,
      closure: "closed_by_others",
    },
  ])("$name", async ({ door, closed, closure }) => {
    const close = vi.fn(async () => undefined);
    const effect = { kind: "close_host", host: host("compute-1") } as const;
    const performed = await closeHost(effect, performing(effect, { cloud: { door: async () => door, close } }));
    expect(performed).toMatchObject({
      kind: "done",
      outcome: { closure },
      consequences: { closure: { host: "compute-1", closure } },
    });
    expect(close).toHaveBeenCalledTimes(closed);
  });
});

describe("opening", () => {
  test.each([
    { name: "one we closed is opened", door: ours, opened: 1, closure: "open" },
    { name: "an open one is left", door: open, opened: 0, closure: "open" },
    {
      name: "one that others took over stays closed, and is named",
      door: others,
      opened: 0,
      closure: "closed_by_others",
    },
  ])("$name", async ({ door, opened, closure }) => {
    const cloudOpen = vi.fn(async () => undefined);
    const effect = { kind: "open_host", host: host("compute-1") } as const;
    const performed = await openHost(
      effect,
      performing(effect, { cloud: { door: async () => door, open: cloudOpen } }),
    );
    expect(performed).toMatchObject({ kind: "done", outcome: { closure } });
    expect(cloudOpen).toHaveBeenCalledTimes(opened);
  });

  test.each([
    { name: "a new host is opened where it is adopted", door: fresh, adopt: true, opened: 1, closure: "open" },
    {
      name: "one that others closed is not adopted",
      door: others,
      adopt: true,
      opened: 0,
      closure: "closed_by_others",
    },
    { name: "a new host is else nobody's to open", door: fresh, adopt: false, opened: 0, closure: "closed_by_others" },
  ])("$name", async ({ door, adopt, opened, closure }) => {
    const cloudOpen = vi.fn(async () => undefined);
    const effect = { kind: "open_host", host: host("compute-1"), ...(adopt ? { adopt: true as const } : {}) } as const;
    const cloud = { door: async () => door, open: cloudOpen };
    expect(await openHost(effect, performing(effect, { cloud }))).toMatchObject({ kind: "done", outcome: { closure } });
    expect(cloudOpen).toHaveBeenCalledTimes(opened);
  });

  test("a host whose compute service is gone fails by name", async () => {
    const effect = { kind: "open_host", host: host("compute-1") } as const;
    const performed = await openHost(effect, performing(effect, { cloud: { door: async () => null } }));
    expect(performed).toMatchObject({ kind: "failed", reason: expect.stringContaining("compute-1") });
  });
});

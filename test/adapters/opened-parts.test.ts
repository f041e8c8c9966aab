import { expect, test } from "vitest";
import { openedParts } from "../../src/adapters/opened-parts.ts";

test(
  "parts are closed last first, and none that hangs or fails keeps the others open",
  { timeout: 5_000 },
  async () => {
    const said: unknown[] = [];
    const parts = openedParts({ warn: (fields: unknown) => void said.push(fields) }, { withinMs: 50 });
    const closed: string[] = [];
    const closing = async (name: string) => void closed.push(name);
    parts.opened("database", "database", closing);
    parts.opened("hangs", "hangs", () => new Promise(() => {}));
    const broken = new Error("broken");
    parts.opened("throws", "throws", () => {
      throw broken;
    });
    parts.opened("fails", "fails", () => Promise.reject(broken));
    expect(parts.opened("door", "door", closing)).toBe("door");
    await parts.close();
    expect(closed).toEqual(["door", "database"]);
    expect(said).toMatchObject([
      { part: "fails", error: broken },
      { part: "throws", error: broken },
      { part: "hangs" },
    ]);
    await parts.close();
    expect(closed).toEqual(["door", "database"]);
  },
);

import { expect, test } from "vitest";
import { heeded } from "../../src/effects/heeded.ts";

const never = new Promise<void>(() => undefined);

test("work that ends is told as it ended", async () => {
  await expect(heeded(Promise.resolve(), new AbortController().signal, 1)).resolves.toBeUndefined();
  await expect(heeded(Promise.reject(new Error("disk full")), new AbortController().signal, 1)).rejects.toThrow(
    "disk full",
  );
});

test("work that ignores its signal is left behind, also when that aborted before", async () => {
  await expect(heeded(never, AbortSignal.abort(), 1)).rejects.toThrow("left behind");
  const stop = new AbortController();
  const waiting = heeded(never, stop.signal, 1);
  stop.abort();
  await expect(waiting).rejects.toThrow("left behind");
});

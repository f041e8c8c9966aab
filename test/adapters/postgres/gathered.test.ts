import { expect, test } from "vitest";
import { gathered } from "../../../src/adapters/postgres/gathered.ts";

test("who is alone waits for nobody; who comes meanwhile goes together", async () => {
  const batches: (readonly number[])[] = [];
  let open = (): void => {};
  const double = gathered<number, number>(async (items) => {
    batches.push(items);
    if (batches.length === 1) await new Promise<void>((resolve) => (open = resolve));
    return items.map((item) => item * 2);
  });
  const first = double(1);
  await Promise.resolve();
  await Promise.resolve();
  expect(batches).toEqual([[1]]);
  const others = [double(2), double(3)];
  open();
  expect(await Promise.all([first, ...others])).toEqual([2, 4, 6]);
  expect(batches).toEqual([[1], [2, 3]]);
});

test("an error is for the callers of that batch only", async () => {
  let calls = 0;
  const fail = gathered<number, number>(async (items) => {
    calls += 1;
    if (items.includes(13)) throw new Error("unlucky");
    return items;
  });
  await expect(Promise.all([fail(12), fail(13)])).rejects.toThrow("unlucky");
  expect(await fail(14)).toBe(14);
  expect(calls).toBe(2);
});

test("no batch is larger than 200", async () => {
  const sizes: number[] = [];
  const ask = gathered<number, number>(async (items) => (sizes.push(items.length), items));
  await Promise.all(Array.from({ length: 450 }, (_, item) => ask(item)));
  expect(sizes).toEqual([200, 200, 50]);
});

import { afterAll, expect, test } from "vitest";
import { openDoor } from "./a-door.ts";

const lines: string[] = [];
const { send, close } = openDoor({ log: (line) => lines.push(line) });
afterAll(close);

test.each(["/v1/maintenance", "/health/live", "/nowhere"])(
  "%s is no page, is not kept and can be found",
  async (url) => {
    const { headers } = await send({ url });
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "x-openstack-request-id": expect.stringMatching(/^req-[0-9a-f-]{36}$/),
    });
  },
);

test("a browser's script from elsewhere gets no leave to ask", async () => {
  const answer = await send({ method: "OPTIONS", url: "/v1/maintenance", headers: { origin: "https://evil.example" } });
  expect(answer.statusCode).toBe(405);
  expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
});

test("each request leaves one line, for those who debug", async () => {
  lines.length = 0;
  await send({ url: "/v1/maintenance" });
  const written = lines.map((line) => JSON.parse(line));
  expect(written).toMatchObject([
    { level: 20, method: "GET", route: "/v1/maintenance", status: 200, msg: "request answered" },
  ]);
});

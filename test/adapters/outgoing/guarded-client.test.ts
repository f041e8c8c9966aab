/** What webhooks may be sent to. The names are looked up by the test, the connections are real. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { request } from "undici";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { addressRules } from "../../../src/adapters/outgoing/addresses.ts";
import { guardedClient, type GuardedClient } from "../../../src/adapters/outgoing/guarded-client.ts";

describe("an address", () => {
  const rules = addressRules([]);
  test.each([
    ["192.0.2.20", null],
    ["8.8.8.8", null],
    ["2001:db8::20", null],
    ["2606:4700::1111", null],
    ["127.0.0.1", "this machine"],
    ["127.255.255.254", "this machine"],
    ["0.0.0.0", "this machine"],
    ["::1", "this machine"],
    ["::", "this machine"],
    ["169.254.169.254", "link-local"],
    ["fe80::1", "link-local"],
    ["10.1.2.3", "private"],
    ["172.31.255.255", "private"],
    ["172.32.0.1", null],
    ["192.168.0.1", "private"],
    ["100.64.0.1", "private"],
    ["fd00:ec2::254", "private"],
    ["224.0.0.1", "multicast or reserved"],
    ["255.255.255.255", "multicast or reserved"],
    ["ff02::1", "multicast or reserved"],
    ["::ffff:127.0.0.1", "this machine"],
    ["::ffff:a9fe:a9fe", "link-local"],
    ["::ffff:10.0.0.1", "private"],
    ["::ffff:192.0.2.20", null],
    ["::7f00:1", "IPv4 in another form"],
    ["64:ff9b::a9fe:a9fe", "IPv4 in another form"],
    ["2002:7f00:1::", "IPv4 in another form"],
    ["localhost", "no address"],
  ])("%s: %s", (address, kind) => {
    expect(rules.refusal(address)).toBe(kind);
  });

  test.each([
    { allow: ["10.20.0.0/16"], address: "10.20.3.4", kind: null },
    { allow: ["10.20.0.0/16"], address: "10.21.3.4", kind: "private" },
    { allow: ["127.0.0.1"], address: "127.0.0.1", kind: null },
    { allow: ["127.0.0.1"], address: "127.0.0.2", kind: "this machine" },
    { allow: ["127.0.0.1"], address: "::ffff:127.0.0.1", kind: null },
    { allow: ["fd00::/16"], address: "fd00::1", kind: null },
    { allow: ["::1"], address: "::1", kind: null },
  ])("$address with $allow allowed: $kind", ({ allow, address, kind }) => {
    expect(addressRules(allow).refusal(address)).toBe(kind);
  });
});

describe("a connection", () => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.end("hello");
  });
  let port: number;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => void server.close());

  let client: GuardedClient;
  afterEach(async () => {
    await client.close();
    asked = 0;
  });
  const connecting = (names: Readonly<Record<string, readonly string[]>>, allow: readonly string[] = []) => {
    const looked: string[] = [];
    client = guardedClient({
      allow,
      resolve: async (name) => {
        looked.push(name);
        const addresses = names[name];
        if (addresses === undefined) throw Object.assign(new Error("unknown"), { code: "ENOTFOUND" });
        return addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
      },
    });
    return looked;
  };
  const ask = async (host: string) => {
    const { body } = await request(`http://${host}:${port}/`, { dispatcher: client.connections });
    return body.text();
  };

  test("goes to the address that was looked up and judged, and none is looked up twice", async () => {
    const looked = connecting({ "manager.example.org": ["127.0.0.1"] }, ["127.0.0.1"]);
    expect(await ask("manager.example.org")).toBe("hello");
    expect(looked).toEqual(["manager.example.org"]);
  });

  test.each(["127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1"])(
    "to %s is not made, however it is written",
    async (host) => {
      connecting({});
      await expect(ask(host)).rejects.toThrow("is this machine: Fenix sends nothing there");
      expect(asked).toBe(0);
    },
  );

  test("to a name that means this machine is not made", async () => {
    connecting({ "innocent.example.org": ["127.0.0.1"] });
    await expect(ask("innocent.example.org")).rejects.toThrow("127.0.0.1 is this machine");
    expect(asked).toBe(0);
  });

  test("to a name that changes its mind after it was registered is not made", async () => {
    const names: Record<string, string[]> = { "rebinding.example.org": ["192.0.2.20"] };
    connecting(names);
    expect(await client.whyRefused("http://rebinding.example.org/")).toBeNull();
    names["rebinding.example.org"] = ["127.0.0.1"];
    await expect(ask("rebinding.example.org")).rejects.toThrow("is this machine");
    expect(asked).toBe(0);
  });

  test("goes past addresses that may not be used to one that may", async () => {
    connecting({ "mixed.example.org": ["169.254.169.254", "127.0.0.1"] }, ["127.0.0.1"]);
    expect(await ask("mixed.example.org")).toBe("hello");
  });

  test("to a name that nobody knows fails as such", async () => {
    connecting({});
    await expect(ask("unknown.example.org")).rejects.toMatchObject({ code: "ENOTFOUND" });
  });

  test.each([
    { url: "http://127.0.0.1:12348/", says: "127.0.0.1 is this machine" },
    { url: "https://[::1]/", says: "::1 is this machine" },
    { url: "http://169.254.169.254/latest/meta-data", says: "169.254.169.254 is link-local" },
    { url: "http://inside.example.org/", says: "10.0.0.7 is private" },
    { url: "http://0/", says: "0.0.0.0 is this machine" },
    { url: "http://mixed.example.org/", says: null },
    { url: "http://unknown.example.org/", says: null },
    { url: "http://192.0.2.20/", says: null },
  ])("why $url is refused: $says", async ({ url, says }) => {
    connecting({ "inside.example.org": ["10.0.0.7"], "mixed.example.org": ["10.0.0.7", "192.0.2.20"] });
    const reason = await client.whyRefused(url);
    if (says === null) expect(reason).toBeNull();
    else expect(reason).toContain(says);
  });
});

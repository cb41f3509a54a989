import { expect, test } from "bun:test";
import { createClientAddresses, isCidr } from "../src/http/client-address.ts";
import { PASSWORD, describeServer } from "./server.ts";

test("pitfall 32: X-Forwarded-For counts from trusted proxies only, from the right", () => {
  const none = createClientAddresses([]);
  expect(none.resolve("203.0.113.9", "198.51.100.1")).toBe("203.0.113.9");
  expect(none.resolve("::ffff:203.0.113.9", null)).toBe("203.0.113.9");

  const addresses = createClientAddresses(["10.0.0.0/8", "192.0.2.1", "fd00::/8"]);
  const cases: [peer: string, header: string | null, client: string][] = [
    ["10.1.2.3", null, "10.1.2.3"],
    ["10.1.2.3", "198.51.100.1", "198.51.100.1"],
    ["::ffff:10.1.2.3", "198.51.100.1", "198.51.100.1"],
    ["fd00::1", "2001:db8::1", "2001:db8::1"],
    ["203.0.113.9", "198.51.100.1", "203.0.113.9"],
    ["10.1.2.3", "1.1.1.1, 198.51.100.1", "198.51.100.1"],
    ["10.1.2.3", "1.1.1.1, 198.51.100.1, 192.0.2.1", "198.51.100.1"],
    ["10.1.2.3", "10.9.9.9", "10.9.9.9"],
    ["10.1.2.3", "nonsense", "10.1.2.3"],
    ["10.1.2.3", "", "10.1.2.3"],
    ["10.1.2.3", "1.1.1.1, nonsense, 10.4.4.4", "10.4.4.4"],
  ];
  for (const [peer, header, client] of cases) expect(addresses.resolve(peer, header)).toBe(client);
});

test("what a CIDR range is", () => {
  for (const text of ["10.0.0.0/8", "192.0.2.1", "::1", "fd00::/8", "0.0.0.0/0"]) {
    expect([text, isCidr(text)]).toEqual([text, true]);
  }
  for (const text of [
    "",
    "10.0.0/8",
    "10.0.0.0/33",
    "::/129",
    "a/8",
    "10.0.0.0/8/8",
    "10.0.0.0/x",
  ]) {
    expect([text, isCidr(text)]).toEqual([text, false]);
  }
});

describeServer(
  "behind a trusted proxy",
  (server) => {
    const loginFrom = (user: string, address: string, password = "wrong password") =>
      server.call("POST", "/login", {
        json: { user, password },
        headers: { "x-forwarded-for": address, "x-request-id": "proxy-1" },
      });

    test("the limit on failed logins counts clients, IPv6 ones by /64, and locks nobody else out", async () => {
      const user = await server.createUser();
      for (const [addresses, other] of [
        [["198.51.100.7", "198.51.100.7"], "198.51.100.8"],
        [["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"], "2001:db8:1:3::1"],
      ] as const) {
        for (let round = 0; round < 10; round += 1) {
          const answer = await loginFrom(user.email, addresses[round % 2] ?? "");
          expect(answer.status).toBe(401);
        }
        for (const address of addresses) {
          expect((await loginFrom(user.email, address, PASSWORD)).status).toBe(429);
        }
        expect((await loginFrom(user.email, other, PASSWORD)).status).toBe(200);
      }
    });

    test("the log has the client's address and the proxy's request id", async () => {
      const answer = await loginFrom("nobody@example.com", "198.51.100.77");
      expect(answer.headers.get("x-request-id")).toBe("proxy-1");
      const line = server.log.find((text) => text.includes("198.51.100.77")) ?? "{}";
      expect(JSON.parse(line)).toMatchObject({ request_id: "proxy-1", client: "198.51.100.77" });
    });

    test("a request id that could break a log line is not taken over", async () => {
      const answer = await server.call("GET", "/ping", {
        headers: { "x-request-id": 'a" b' },
      });
      expect(answer.headers.get("x-request-id")).toMatch(/^[\da-f-]{36}$/);
    });
  },
  { trustedProxy: "127.0.0.1, ::1" },
);

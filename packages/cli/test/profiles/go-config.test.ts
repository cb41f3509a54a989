import { describe, expect, test } from "bun:test";

import { createTestConfig, GO_CONFIG } from "./setup.ts";

const TOKEN = "conch_0123456789abcdefghijklmnopqrstuvXXXXXX";
const OLD_TOKEN = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln";
const GO = JSON.parse(GO_CONFIG);
const JWT = `${GO.profiles.person.jwt.Token}.${GO.profiles.person.jwt.Signature}`;
const ZERO_JWT = GO.profiles.automation.jwt;

describe("a file of the Go client", () => {
  test("is used without logging in again", async () => {
    using config = createTestConfig({ text: GO_CONFIG });
    const { profiles } = await config.store.read();
    expect(profiles.map(({ name, active, user }) => ({ name, active, user }))).toEqual([
      { name: "automation", active: true, user: "" },
      { name: "person", active: false, user: "bob@example.com" },
      { name: "ünïcode / name", active: false, user: "" },
    ]);
    const opened = await Promise.all(profiles.map((profile) => config.secrets.open(profile)));
    expect(opened).toEqual([TOKEN, JWT, OLD_TOKEN]);
    expect(profiles[1]?.credential).toMatchObject({
      kind: "session",
      expiresAtMs: Date.parse("2031-01-01T00:00:00Z"),
    });
  });

  test("a change of one profile leaves the others as the Go client wrote them", async () => {
    using config = createTestConfig({
      text: GO_CONFIG.replace(/"person"[\s\S]*?\n\t\t\},\n\t\t/, ""),
    });
    const before = config.text();
    await config.store.update((draft) => draft.activate("ünïcode / name"));
    expect(config.text()).toBe(
      before
        .replace('"active": true', '"active": X')
        .replace('"active": false', '"active": true')
        .replace('"active": X', '"active": false'),
    );
  });

  test("a token profile of ours has every member of the Go client, with its zero values", async () => {
    using config = createTestConfig({ text: GO_CONFIG });
    await config.store.update((draft) =>
      draft.put("new", {
        apiUrl: "https://api.example.com",
        credential: { kind: "token", value: TOKEN, place: "file", tokenName: "laptop" },
      }),
    );
    const written = config.json().profiles.new;
    const { token_info: info, ...rest } = written;
    expect(Object.keys(rest)).toEqual(Object.keys(GO.profiles.automation));
    expect(rest).toEqual({
      ...GO.profiles.automation,
      name: "new",
      active: false,
      api_url: "https://api.example.com",
      token: expect.stringMatching(/^[\w-]{40,}$/),
    });
    expect(info).toEqual({ key: expect.stringMatching(/^[0-9a-f]{16}$/), name: "laptop" });
    expect(config.text()).toContain('\n\t\t"new": {\n\t\t\t"name": "new",');
    expect(await config.secrets.open(await config.find("new"))).toBe(TOKEN);
  });

  test("a session in the clear moves to our own member at the next write", async () => {
    using config = createTestConfig({ text: GO_CONFIG });
    await config.store.update((draft) => draft.activate("person"));
    const { person } = config.json().profiles;
    expect(person.jwt).toEqual(ZERO_JWT);
    expect(person.expires).toBe("0001-01-01T00:00:00Z");
    expect(config.text()).not.toContain(GO.profiles.person.jwt.Signature);
    expect(await config.secrets.open(await config.find("person"))).toBe(JWT);
    expect((await config.find("person")).credential).toMatchObject({
      kind: "session",
      expiresAtMs: Date.parse("2031-01-01T00:00:00Z"),
    });
  });

  test("the older layout: jwt is a text, expires a number", async () => {
    const old = {
      profiles: {
        old: {
          name: "old",
          user: "u",
          api_url: "https://a",
          active: true,
          jwt: JWT,
          expires: 1924992000,
          token: "",
        },
      },
    };
    using config = createTestConfig({ text: JSON.stringify(old) });
    expect((await config.find("old")).credential).toEqual({
      kind: "session",
      secret: { place: "file", form: "plain", text: JWT },
      expiresAtMs: 1924992000000,
    });
    await config.store.update((draft) => draft.put("old", { user: "v" }));
    expect(config.json().profiles.old).toMatchObject({ jwt: ZERO_JWT, user: "v" });
    expect(await config.secrets.open(await config.find("old"))).toBe(JWT);
  });

  test("unknown members are kept, at every level, in their order, digit by digit", async () => {
    const text = `{"z": 12345678901234567890.10, "10": [1e2], "__proto__": {"a": null}, "profiles": {
      "2": {"zz": {"__proto__": "\\ud800"}, "name": "2", "api_url": "https://a", "jwt": null, "token": null},
      "1": {"name": "1"}}, "": false}`;
    using config = createTestConfig({ text });
    await config.store.update((draft) => draft.activate("1"));
    expect(config.text().replace(/\s/g, "")).toBe(
      text.replace(/\s/g, "").replace('"name":"1"', '"name":"1","active":true'),
    );
  });
});

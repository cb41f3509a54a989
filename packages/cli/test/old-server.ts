import { someJwt } from "./recorder.ts";

/** What an old Conch API 2.38 does, as far as it was recorded; a fake, for there is none to run. */
export interface OldServer extends Disposable {
  readonly url: string;
  readonly requests: readonly string[];
  /** A one-time password is set, as after an administrator's reset. */
  reset(password: string): void;
}

const MICROSECONDS = "2026-01-02T03:04:05.678901Z";
const USER = {
  id: "43d1cb83-5591-4d68-a5cf-1ec89f513f7f",
  name: "Ada Lovelace",
  email: "ada@example.com",
  created: MICROSECONDS,
  last_login: MICROSECONDS,
  last_seen: MICROSECONDS,
  refuse_session_auth: false,
  force_password_change: false,
  is_admin: true,
  organizations: [],
  builds: [],
};

interface State {
  password: string;
  isOneTime: boolean;
  readonly sessions: Set<string>;
  readonly tokens: Map<string, string>;
  settings: Record<string, unknown>;
}

type Handler = (
  state: State,
  request: { name: string; query: URLSearchParams; body: Record<string, string>; jwt: string },
) => Response;

const HEADERS = { "X-Conch-API": "2.38.0" };
const json = (body: unknown, status = 200) => Response.json(body, { status, headers: HEADERS });
const fail = (status: number, error: string) => json({ error }, status);
const empty = () => new Response(null, { status: 204, headers: HEADERS });
const basic = (name: string) => ({
  name,
  created: MICROSECONDS,
  last_used: null,
  expires: "2031-01-02T03:04:05.678901Z",
});

const clearAll = ({ sessions, tokens }: State, scope: { logins: boolean; tokens: boolean }) => {
  if (scope.logins) sessions.clear();
  if (scope.tokens) tokens.clear();
};

const ROUTES: Readonly<Record<string, Handler>> = {
  "GET /me": () => empty(),
  "GET /user/me": () => json(USER),
  "GET /user/me/settings": ({ settings }) => json(settings),
  "GET /user/me/settings/:name": ({ settings }, { name }) =>
    name in settings ? json({ [name]: settings[name] }) : fail(404, "Not Found"),
  "POST /user/me/settings/:name": ({ settings }, { name, body }) => {
    settings[name] = body[name];
    return empty();
  },
  "DELETE /user/me/settings/:name": ({ settings }, { name }) => {
    delete settings[name];
    return empty();
  },
  "GET /user/me/token": ({ tokens }) => json([...tokens.keys()].map(basic)),
  "POST /user/me/token": ({ tokens }, { body }) => {
    const { name = "" } = body;
    // Strict about what it knows: a field of ours would be refused.
    if (Object.keys(body).join() !== "name")
      return fail(400, "/: Additional properties not allowed");
    if (tokens.has(name)) return fail(400, `name "${name}" is already in use`);
    const token = someJwt();
    tokens.set(name, token);
    return json({ ...basic(name), token }, 201);
  },
  "GET /user/me/token/:name": ({ tokens }, { name }) =>
    tokens.has(name) ? json(basic(name)) : fail(404, "Not Found"),
  "DELETE /user/me/token/:name": ({ tokens }, { name }) =>
    tokens.delete(name) ? empty() : fail(404, "Not Found"),
  "POST /user/me/revoke": (state, { query }) => {
    // `auth_only` and all else that it does not know is ignored.
    clearAll(state, { logins: !query.has("api_only"), tokens: !query.has("login_only") });
    return empty();
  },
  "POST /user/me/password": (state, { query, body }) => {
    state.password = body["password"] ?? "";
    state.isOneTime = false;
    clearAll(state, { logins: true, tokens: query.get("clear_tokens") === "all" });
    return empty();
  },
  "GET /user": () => json([USER]),
  "GET /user/:name": (_, { name }) =>
    name === `email=${USER.email}` || name === USER.id ? json(USER) : fail(404, "Not Found"),
};

/** Starts one on a free port, with a user ada@example.com. */
export function createOldServer(password: string): OldServer {
  const state: State = {
    password,
    isOneTime: false,
    sessions: new Set(),
    tokens: new Map(),
    settings: {},
  };
  const requests: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, search, searchParams: query } = new URL(request.url);
      requests.push(`${request.method} ${pathname}${search}`);
      if (pathname === "/version") return json({ version: "v2.38.0" });
      const text = await request.text();
      const body = text === "" ? {} : JSON.parse(text);
      if (pathname === "/login") return logIn(state, body);
      if (pathname === "/logout") return empty();
      const jwt = request.headers.get("authorization")?.replace("Bearer ", "") ?? "";
      const isToken = [...state.tokens.values()].includes(jwt);
      if (!isToken && !state.sessions.has(jwt)) return fail(401, "Unauthorized");
      // While a change is due, it answers that alone, and not with a query.
      const isChange = `${request.method} ${pathname}${search}` === "POST /user/me/password";
      if (!isToken && state.isOneTime && !isChange) {
        const headers = { ...HEADERS, Location: "/user/me/password" };
        return Response.json({ error: "Unauthorized" }, { status: 401, headers });
      }
      const exact = ROUTES[`${request.method} ${pathname}`];
      const [, parent = "", last = ""] = /^(.*)\/([^/]+)$/u.exec(pathname) ?? [];
      const handler = exact ?? ROUTES[`${request.method} ${parent}/:name`];
      const name = decodeURIComponent(last);
      return handler?.(state, { name, query, body, jwt }) ?? fail(404, "Not Found");
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    requests,
    reset(oneTime) {
      state.password = oneTime;
      state.isOneTime = true;
      clearAll(state, { logins: true, tokens: false });
    },
    [Symbol.dispose]: () => void server.stop(true),
  };
}

function logIn(state: State, body: { user: string; password: string }): Response {
  if (body.user !== USER.email || body.password !== state.password)
    return fail(401, "Unauthorized");
  const jwt = someJwt();
  state.sessions.add(jwt);
  const [header, payload, signature] = jwt.split(".");
  return Response.json(
    { jwt_token: `${header}.${payload}` },
    {
      headers: {
        ...HEADERS,
        "Set-Cookie": `jwt_sig=${signature}; expires=Sat, 02 Jan 2027 03:04:05 GMT; HttpOnly`,
        ...(state.isOneTime ? { Location: "/user/me/password" } : {}),
      },
    },
  );
}

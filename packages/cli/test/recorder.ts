import { createToken } from "@conch/contract/token-format";

/** A request as it arrived, byte for byte where that matters. */
export interface Recorded {
  readonly method: string;
  /** Path and query as sent, not decoded. */
  readonly target: string;
  readonly authorization: string | null;
  readonly body: string;
}

/** What a route answers: a body as JSON, a status alone, or a whole response. */
type Answer = Response | number | object;
type Routes = Readonly<Record<string, Answer | ((request: Recorded) => Answer | Promise<Answer>)>>;

/** A server that records what it is sent and answers what it is told to. */
export interface Recorder extends Disposable {
  readonly url: string;
  readonly requests: readonly Recorded[];
  /** Without those for the version, as `METHOD target`. */
  readonly lines: readonly string[];
  answer(routes: Routes): void;
}

/** What our server says of itself. */
export const VERSION_HEADERS = { "X-Conch-API": "2.39.0" };

export const ADA = {
  id: "43d1cb83-5591-4d68-a5cf-1ec89f513f7f",
  name: "Ada Lovelace",
  email: "ada@example.com",
  created: "2026-01-02T03:04:05.678Z",
  last_login: null,
  refuse_session_auth: false,
  force_password_change: false,
  is_admin: true,
  workspaces: [],
};

/** A token of the right form. */
export function someToken(): string {
  return createToken((count) => crypto.getRandomValues(new Uint8Array(count)));
}

/** A login JWT that looks like one. */
export function someJwt(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const jti = crypto.randomUUID();
  return `${part({ alg: "HS256", typ: "JWT" })}.${part({ uid: ADA.id, jti, exp: 4_000_000_000 })}.${part({ jti })}`;
}

/** What `POST /login` answers for a session. */
export function loginAnswer(jwt: string, headers: Record<string, string> = {}): Response {
  const [header, payload, signature] = jwt.split(".");
  return Response.json(
    { jwt_token: `${header}.${payload}` },
    { headers: { ...VERSION_HEADERS, ...headers, "Set-Cookie": `jwt_sig=${signature}; HttpOnly` } },
  );
}

export function tokenNamed(name: string, token?: string): object {
  const basic = {
    name,
    created: "2026-01-02T03:04:05.678Z",
    last_used: null,
    expires: "2031-01-02T03:04:05.678Z",
    rights: "full",
  };
  return token === undefined ? basic : { ...basic, token };
}

/** Starts one on a free port. Without a route, it knows the version, `/me` and `/user/me`. */
export function createRecorder(): Recorder {
  const requests: Recorded[] = [];
  let routes: Routes = {};
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      // Not `URL`, which would decode and tidy up what a client must not have sent.
      const target = request.url.replace(/^https?:\/\/[^/]+/u, "");
      const recorded = {
        method: request.method,
        target,
        authorization: request.headers.get("authorization"),
        body: await request.text(),
      };
      requests.push(recorded);
      const known: Routes = {
        "GET /version": { version: "v2.39.0" },
        "GET /me": 204,
        "GET /user/me": ADA,
        ...routes,
      };
      const path = target.split("?")[0] ?? "";
      const found =
        known[`${request.method} ${target}`] ??
        known[`${request.method} ${path}`] ??
        known["*"] ??
        Response.json({ error: "Not Found", code: "not_found" }, { status: 404 });
      const answer: Answer = typeof found === "function" ? await found(recorded) : found;
      if (typeof answer === "number") {
        return new Response(null, { status: answer, headers: VERSION_HEADERS });
      }
      return answer instanceof Response
        ? answer.clone()
        : Response.json(answer, { headers: VERSION_HEADERS });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    requests,
    get lines() {
      return requests
        .filter(({ target }) => !target.endsWith("/version"))
        .map(({ method, target }) => `${method} ${target}`);
    },
    answer: (given) => void (routes = given),
    [Symbol.dispose]: () => void server.stop(true),
  };
}

/**
 * The limit: `Bun.serve` that answers a constant with the headers of `GET /verify`, and looks at
 * nothing of the request.
 */
const init = {
  headers: new Headers({
    "cache-control": "no-store",
    "x-conch-api": "2.39.0",
    "x-conch-user-id": "9b2f6ad2-7a0e-4c39-9d55-0c8d6a7f1e11",
    "x-conch-user-email": "user-00000@example.com",
    "x-conch-token-name": "token-0000000",
    "x-conch-admin": "false",
    "x-conch-token-rights": "full",
    "x-request-id": "01890a5d-ac96-774b-bcce-b302099a8057",
  }),
};

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  routes: { "/verify": { GET: () => new Response(null, init) } },
});
const request = { method: "GET", path: "/verify", headers: { authorization: "Bearer {token}" } };
console.log(JSON.stringify({ port: server.port, request }));

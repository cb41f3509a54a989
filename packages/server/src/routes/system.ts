import { API_VERSION, getVersion, ping } from "@conch/contract";
import { type Implementation, implement } from "../http/implementation.ts";

/** Version and liveness. */
export function systemRoutes(): Implementation[] {
  return [
    implement(getVersion, () => ({ status: 200, body: { version: `v${API_VERSION}` } })),
    implement(ping, () => ({ status: 200, body: { status: "ok" } })),
  ];
}

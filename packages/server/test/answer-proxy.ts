/** A proxy in front of a PostgreSQL server that changes what it answers: a server that misbehaves. */
import { connect, createServer, type AddressInfo } from "node:net";

/** A running proxy. */
export interface AnswerProxy extends Disposable {
  /** The server's URL, by way of the proxy. */
  readonly url: string;
}

/** What becomes of a piece of an answer; `null`: it is never delivered. */
export type Answer = (chunk: Buffer) => Buffer | null;

/**
 * Listens on a free port of 127.0.0.1.
 *
 * @param onConnect called with each connection; makes what its answers go through.
 */
export async function startAnswerProxy(
  serverUrl: string,
  onConnect: () => Answer,
): Promise<AnswerProxy> {
  const target = Number(new URL(serverUrl).port);
  const proxy = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    const answer = onConnect();
    near.setNoDelay(true);
    near.on("data", (chunk) => void far.write(chunk));
    far.on("data", (chunk) => {
      const changed = answer(chunk);
      if (changed !== null) near.write(changed);
    });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on("error", () => other.destroy());
      socket.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, "127.0.0.1", resolve);
  });
  const url = new URL(serverUrl);
  url.port = String((proxy.address() as AddressInfo).port);
  return { url: url.href, [Symbol.dispose]: () => void proxy.close() };
}

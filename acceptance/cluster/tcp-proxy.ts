/** A TCP proxy that misbehaves on demand: the network between two processes. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** A network that can fail. */
export interface TcpProxy {
  readonly port: number;
  /** Sends new connections to another port of 127.0.0.1. */
  redirect(targetPort: number): void;
  /** Resets every connection. */
  cut(): void;
  /** Holds everything back, in both directions, as a switch that hangs does. */
  stall(): void;
  /** Lets through what was held back, and all that comes. */
  resume(): void;
  close(): void;
}

/** Listens on a free port of 127.0.0.1. @param targetPort where connections go at first, on 127.0.0.1. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let isStalled = false;
  let currentPort = targetPort;

  function track(socket: Socket, other: Socket): void {
    sockets.add(socket);
    if (isStalled) socket.pause();
    socket.on("data", (chunk) => {
      if (!other.write(chunk)) socket.pause();
    });
    socket.on("drain", () => {
      if (!isStalled) other.resume();
    });
    socket.on("error", () => other.destroy());
    socket.on("close", () => {
      sockets.delete(socket);
      other.destroy();
    });
  }

  const server: Server = createServer((near) => {
    const far = connect(currentPort, "127.0.0.1");
    near.setNoDelay(true);
    far.setNoDelay(true);
    track(near, far);
    track(far, near);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    redirect(port) {
      currentPort = port;
    },
    cut() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    stall() {
      isStalled = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      isStalled = false;
      for (const socket of sockets) socket.resume();
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Instant, type MomentObserver } from './moments';

/** How protobuf writes a command that continues a workflow as new: its type, 10, and the tag of its attributes, 11. */
const CONTINUE_AS_NEW = Buffer.from([0x08, 0x0a, 0x5a]);
/** The longest that such a command is before the end of the workflow's type. */
const HEAD_BYTES = 64;

/** The type of the workflow that `bytes` continue as new, if they do. */
function continuedType(bytes: Buffer): string | undefined {
  const found = bytes.indexOf(CONTINUE_AS_NEW);
  if (found < 0) return undefined;
  let at = found + CONTINUE_AS_NEW.length;
  while ((bytes[at] ?? 0) >= 0x80) at += 1; // the attributes' length
  // The attributes begin with the workflow's type, a message whose only field is a name.
  const length = bytes[at + 4] ?? 0;
  return bytes.toString('latin1', at + 5, at + 5 + length);
}

/** Stands between one worker and Temporal, passes everything on, and tells when a workflow is about to continue as new. */
export class TemporalProxy {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(targetPort: number, observe: MomentObserver): Promise<TemporalProxy> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new TemporalProxy(server, (server.address() as AddressInfo).port);
    server.on('connection', (client) => {
      proxy.join(client, connect({ port: targetPort, host: '127.0.0.1', noDelay: true }), observe);
    });
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(client: Socket, server: Socket, observe: MomentObserver): void {
    const cut = (): void => {
      client.destroy();
      server.destroy();
    };
    let tail = Buffer.alloc(0);
    client.on('data', (chunk: Buffer) => {
      // A command may be cut in two by the network.
      const seen = Buffer.concat([tail, chunk]);
      const type = continuedType(seen);
      tail = type === undefined ? seen.subarray(-HEAD_BYTES) : Buffer.alloc(0);
      const moment = { instant: Instant.Continue, clientOrderId: '' };
      if (type !== undefined && observe({ ...moment, text: type }) === 'drop') cut();
      else server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => client.write(chunk));
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', cut);
      socket.on('close', () => {
        this.sockets.delete(socket);
        cut();
      });
    }
  }
}

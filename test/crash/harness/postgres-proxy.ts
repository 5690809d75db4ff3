import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { CLIENT_ORDER_ID, Instant, type MomentObserver } from './moments';

const HEADER_BYTES = 5;
/** A transaction that wins the right to send writes this event (domain/order.ts). */
const SEND_BEGUN = 'send-begun';

/** One message of PostgreSQL's protocol: its type's letter (empty for the first, which has none) and all its bytes. */
interface Frame {
  readonly type: string;
  readonly bytes: Buffer;
}

/** Cuts a stream into messages. */
class FrameReader {
  private rest: Buffer = Buffer.alloc(0);

  /** @param untyped whether the first message is the client's start-up packet */
  constructor(private untyped: boolean) {}

  read(chunk: Buffer): Frame[] {
    this.rest = Buffer.concat([this.rest, chunk]);
    const frames: Frame[] = [];
    for (let frame = this.next(); frame !== undefined; frame = this.next()) frames.push(frame);
    return frames;
  }

  private next(): Frame | undefined {
    const lengthAt = this.untyped ? 0 : 1;
    if (this.rest.length < HEADER_BYTES) return undefined;
    const length = lengthAt + this.rest.readUInt32BE(lengthAt);
    if (this.rest.length < length) return undefined;
    const bytes = this.rest.subarray(0, length);
    const type = this.untyped ? '' : String.fromCharCode(bytes[0] ?? 0);
    this.rest = this.rest.subarray(length);
    this.untyped = false;
    return { type, bytes };
  }
}

/**
 * Stands between one worker and PostgreSQL, passes everything on, and tells when a transaction that begins a send is
 * about to be committed, and when it has been.
 */
export class PostgresProxy {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(targetPort: number, observe: MomentObserver): Promise<PostgresProxy> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new PostgresProxy(server, (server.address() as AddressInfo).port);
    server.on('connection', (client) => {
      proxy.join(client, connect({ port: targetPort, host: '127.0.0.1', noDelay: true }), observe);
    });
    return proxy;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(client: Socket, server: Socket, observe: MomentObserver): void {
    let sending: string | undefined;
    const cut = (): void => {
      client.destroy();
      server.destroy();
    };
    const passOn = (reader: FrameReader, to: Socket, momentOf: (frame: Frame) => Instant | undefined) => {
      return (chunk: Buffer): void => {
        for (const frame of reader.read(chunk)) {
          const instant = momentOf(frame);
          const verdict =
            instant === undefined || sending === undefined
              ? 'pass'
              : observe({ instant, clientOrderId: sending });
          if (verdict === 'drop') {
            cut();
            return;
          }
          if (instant === Instant.Committed) sending = undefined;
          to.write(frame.bytes);
        }
      };
    };
    const asked = ({ type, bytes }: Frame): Instant | undefined => {
      if (type === 'B' && bytes.includes(SEND_BEGUN))
        sending = CLIENT_ORDER_ID.exec(bytes.toString('latin1'))?.[0];
      if (type === 'Q' && bytes.includes('ROLLBACK')) sending = undefined;
      return type === 'Q' && bytes.includes('COMMIT') ? Instant.Commit : undefined;
    };
    const answered = ({ type, bytes }: Frame): Instant | undefined =>
      type === 'C' && bytes.includes('COMMIT') ? Instant.Committed : undefined;
    client.on('data', passOn(new FrameReader(true), server, asked));
    server.on('data', passOn(new FrameReader(false), client, answered));
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

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { CLIENT_ORDER_ID, Instant, type Moment, type MomentObserver } from './moments';

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

/** What one connection says, statement by statement and transaction by transaction. */
class Conversation {
  /** The current transaction, or the statement that is one by itself. */
  private said = '';
  /** The statement that is being put together. */
  private statement = '';
  private inTransaction = false;
  /** The order which the current transaction begins to send. */
  private sending: string | undefined;
  private awaited: 'nothing' | 'commit' | 'statement' = 'nothing';

  /** The moments that a message of the client makes. */
  asked({ type, bytes }: Frame): readonly Moment[] {
    const text = bytes.toString('latin1');
    if (type === 'B' && text.includes(SEND_BEGUN)) this.sending = CLIENT_ORDER_ID.exec(text)?.[0];
    if (type === 'P' || type === 'B') this.statement += text;
    if (type === 'Q') this.statement = text;
    if ((type !== 'Q' && type !== 'S') || this.statement === '') return [];
    return this.complete(type === 'Q');
  }

  /** The moments that a message of the server makes. */
  answered({ type, bytes }: Frame): readonly Moment[] {
    const committed = this.awaited === 'commit' && type === 'C' && bytes.includes('COMMIT');
    if (!committed && !(this.awaited === 'statement' && type === 'Z')) return [];
    this.awaited = 'nothing';
    const about = { clientOrderId: this.sending ?? '', text: this.said };
    const sent = this.sending === undefined ? [] : [{ ...about, instant: Instant.Committed }];
    this.sending = undefined;
    return [...sent, { ...about, instant: Instant.Written }];
  }

  private complete(isSimple: boolean): readonly Moment[] {
    const { statement } = this;
    const about = { clientOrderId: this.sending ?? '', text: statement };
    const spoken: Moment = { ...about, instant: Instant.Statement };
    this.statement = '';
    if (isSimple && /\bROLLBACK\b/.test(statement)) {
      this.inTransaction = false;
      this.sending = undefined;
      return [spoken];
    }
    if (isSimple && /\bCOMMIT\b/.test(statement)) {
      this.inTransaction = false;
      this.awaited = 'commit';
      const sent = this.sending === undefined ? [] : [{ ...about, instant: Instant.Commit }];
      return [spoken, ...sent, { ...about, text: this.said, instant: Instant.Write }];
    }
    if (isSimple && /\bBEGIN\b/.test(statement)) {
      this.inTransaction = true;
      this.said = '';
      return [spoken];
    }
    if (this.inTransaction) {
      this.said += statement;
      return [spoken];
    }
    this.said = statement;
    this.awaited = 'statement';
    return [spoken, { ...about, instant: Instant.Write }];
  }
}

/**
 * Stands between one client and PostgreSQL, passes everything on, and tells of every statement and every commit, above
 * all of the one that begins a send.
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
    const conversation = new Conversation();
    const cut = (): void => {
      client.destroy();
      server.destroy();
    };
    const passOn = (reader: FrameReader, to: Socket, momentsOf: (frame: Frame) => readonly Moment[]) => {
      return (chunk: Buffer): void => {
        for (const frame of reader.read(chunk)) {
          if (momentsOf(frame).some((moment) => observe(moment) === 'drop')) {
            cut();
            return;
          }
          to.write(frame.bytes);
        }
      };
    };
    client.on(
      'data',
      passOn(new FrameReader(true), server, (frame) => conversation.asked(frame)),
    );
    server.on(
      'data',
      passOn(new FrameReader(false), client, (frame) => conversation.answered(frame)),
    );
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

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { Instant, type MomentObserver } from './moments';

/** How protobuf writes a command that continues a workflow as new: its type, 10, and the tag of its attributes, 11. */
const CONTINUE_AS_NEW = Buffer.from([0x08, 0x0a, 0x5a]);

/** The type of the workflow that a request continues as new, if it does. */
function continuedType(request: Buffer): string | undefined {
  const found = request.indexOf(CONTINUE_AS_NEW);
  if (found < 0) return undefined;
  let at = found + CONTINUE_AS_NEW.length;
  while ((request[at] ?? 0) >= 0x80) at += 1; // the attributes' length
  // The attributes begin with the workflow's type, a message whose only field is a name.
  const length = request[at + 4] ?? 0;
  return request.toString('latin1', at + 5, at + 5 + length);
}

const PREFACE_BYTES = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n').length;
const FRAME_HEAD_BYTES = 9;
const MESSAGE_HEAD_BYTES = 5;
const DATA = 0;
const PADDED = 0x8;

/** What a client says over HTTP/2, frame by frame, and the gRPC messages in it. */
class Http2Reader {
  private rest: Buffer = Buffer.alloc(0);
  private preface = true;
  private readonly streams = new Map<number, Buffer>();

  /** Cuts a chunk into pieces to pass on one by one, each with the messages that it completes. */
  read(chunk: Buffer): { readonly bytes: Buffer; readonly messages: readonly Buffer[] }[] {
    this.rest = Buffer.concat([this.rest, chunk]);
    const pieces: { bytes: Buffer; messages: readonly Buffer[] }[] = [];
    for (let bytes = this.next(); bytes !== undefined; bytes = this.next())
      pieces.push({ bytes, messages: this.messagesIn(bytes) });
    return pieces;
  }

  private next(): Buffer | undefined {
    const { rest } = this;
    const length = this.preface
      ? PREFACE_BYTES
      : rest.length < FRAME_HEAD_BYTES
        ? Number.POSITIVE_INFINITY
        : FRAME_HEAD_BYTES + rest.readUIntBE(0, 3);
    if (rest.length < length) return undefined;
    this.rest = rest.subarray(length);
    return rest.subarray(0, length);
  }

  private messagesIn(frame: Buffer): readonly Buffer[] {
    if (this.preface) {
      this.preface = false;
      return [];
    }
    if (frame[3] !== DATA) return [];
    const isPadded = ((frame[4] ?? 0) & PADDED) !== 0;
    const stream = frame.readUInt32BE(5);
    const padding = isPadded ? (frame[FRAME_HEAD_BYTES] ?? 0) : 0;
    const data = frame.subarray(FRAME_HEAD_BYTES + (isPadded ? 1 : 0), frame.length - padding);
    let said = Buffer.concat([this.streams.get(stream) ?? Buffer.alloc(0), data]);
    const messages: Buffer[] = [];
    while (said.length >= MESSAGE_HEAD_BYTES) {
      const end = MESSAGE_HEAD_BYTES + said.readUInt32BE(1);
      if (said.length < end) break;
      const body = said.subarray(MESSAGE_HEAD_BYTES, end);
      messages.push(said[0] === 1 ? gunzipSync(body) : body);
      said = said.subarray(end);
    }
    if (said.length === 0) this.streams.delete(stream);
    else this.streams.set(stream, said);
    return messages;
  }
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
    const reader = new Http2Reader();
    const isDropped = (message: Buffer): boolean => {
      const text = continuedType(message);
      return text !== undefined && observe({ instant: Instant.Continue, clientOrderId: '', text }) === 'drop';
    };
    client.on('data', (chunk: Buffer) => {
      for (const { bytes, messages } of reader.read(chunk)) {
        if (messages.some(isDropped)) {
          cut();
          return;
        }
        server.write(bytes);
      }
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

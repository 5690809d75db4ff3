import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { startEmulator, type EmulatorOptions, type RunningEmulator } from '../../emulator/main';

export type Json = Record<string, unknown>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

/** A limit order that rests far below the wave market. */
export const limitOrder = {
  symbol: 'BTCUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.01',
  price: '50000',
};

type Values = Readonly<Record<string, string | number>>;

/** A bare client that signs like Binance's documentation says, for what ccxt would hide. */
export class Client {
  constructor(
    private readonly emulator: Pick<RunningEmulator, 'url' | 'wsUrl' | 'apiKey' | 'secret'>,
    private readonly keys: { readonly apiKey?: string; readonly secret?: string } = {},
  ) {}

  async public(key: string, values: Values = {}): Promise<Answer> {
    return this.send(key, encode(values), {});
  }

  /** `override` replaces what would be sent, `timestamp` and `signature` included. */
  async signed(key: string, values: Values = {}, override: Values = {}): Promise<Answer> {
    const query = encode({ ...values, timestamp: Date.now(), ...override });
    const signature =
      override.signature ??
      createHmac('sha256', this.keys.secret ?? this.emulator.secret)
        .update(query)
        .digest('hex');
    return this.send(key, `${query}&signature=${signature}`, {
      'x-mbx-apikey': this.keys.apiKey ?? this.emulator.apiKey,
    });
  }

  async control(key: string, body?: Json): Promise<Json> {
    const [method, path] = split(key);
    const response = await fetch(this.emulator.url + path, {
      method,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const answer = (await response.json()) as Json;
    if (!response.ok) throw new Error(JSON.stringify(answer));
    return answer;
  }

  /** Moves market time to `toMs`. */
  advance(toMs: number): Promise<Json> {
    return this.control('POST /emulator/clock', { action: 'advanceTo', toMs });
  }

  /** A market stream connection at `path`. */
  stream(path: string): Promise<Socket> {
    return Socket.open(this.emulator.wsUrl + path);
  }

  /** A connection to the websocket API with the account's user stream subscribed. */
  async userStream(): Promise<Socket> {
    const socket = await this.stream('/ws-api/v3');
    const params: Record<string, string | number> = { apiKey: this.emulator.apiKey, timestamp: Date.now() };
    const payload = `apiKey=${String(params.apiKey)}&timestamp=${String(params.timestamp)}`;
    params.signature = createHmac('sha256', this.emulator.secret).update(payload).digest('hex');
    socket.send({ id: 1, method: 'userDataStream.subscribe.signature', params });
    await socket.until((message) => message.id === 1 && message.status === 200);
    return socket;
  }

  private async send(key: string, query: string, headers: Record<string, string>): Promise<Answer> {
    const [method, path] = split(key);
    const inBody = method === 'POST';
    const response = await fetch(`${this.emulator.url}${path}${inBody ? '' : `?${query}`}`, {
      method,
      headers: { ...headers, ...(inBody ? { 'content-type': 'application/x-www-form-urlencoded' } : {}) },
      ...(inBody ? { body: query } : {}),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Json };
  }
}

/** A websocket that remembers every message. */
export class Socket {
  readonly messages: Json[] = [];
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>;
  private readonly waiting = new Set<() => void>();

  private constructor(private readonly socket: WebSocket) {
    this.closed = new Promise((resolve) =>
      socket.once('close', () => {
        resolve();
      }),
    );
    socket.on('message', (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString('utf8')) as Json);
      for (const wake of this.waiting) wake();
    });
  }

  static async open(url: string): Promise<Socket> {
    const socket = new WebSocket(url);
    const opened = new Socket(socket);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return opened;
  }

  send(message: Json): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Pings; resolves with the answer's data once there is one. */
  pong(data: string): Promise<string> {
    this.socket.ping(data);
    return new Promise((resolve) =>
      this.socket.once('pong', (answer: Buffer) => {
        resolve(answer.toString());
      }),
    );
  }

  /** The first message, past or to come, that `wanted` accepts. */
  async until(wanted: (message: Json) => boolean): Promise<Json> {
    for (;;) {
      const found = this.messages.find(wanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.waiting.delete(wake);
          resolve();
        };
        this.waiting.add(wake);
      });
    }
  }

  close(): void {
    this.socket.terminate();
  }
}

/** Starts emulators and folders for one test file and takes all of them down again. */
export class Fixture {
  private readonly running = new Set<RunningEmulator>();
  private readonly folders: string[] = [];

  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'ballast-emulator-'));
    this.folders.push(folder);
    return folder;
  }

  /** An emulator with its clock standing still, unless the options say otherwise. */
  async start(options: Pick<EmulatorOptions, 'source'> & Partial<EmulatorOptions>): Promise<RunningEmulator> {
    const emulator = await startEmulator({
      port: 0,
      speed: 1,
      paused: true,
      journalDir: this.folder(),
      ...options,
    });
    this.running.add(emulator);
    return emulator;
  }

  async stop(emulator: RunningEmulator): Promise<void> {
    this.running.delete(emulator);
    await emulator.close();
  }

  async end(): Promise<void> {
    for (const emulator of [...this.running]) await this.stop(emulator);
    for (const folder of this.folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  }
}

function split(key: string): [string, string] {
  const [method = 'GET', path = '/'] = key.split(' ');
  return [method, path];
}

function encode(values: Values): string {
  return new URLSearchParams(
    Object.entries(values).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
}

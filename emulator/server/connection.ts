import type { WebSocket } from 'ws';
import type { Channel, StreamFaults } from './faults/stream-faults';

/** As on Binance: a ping every 20 seconds, and a minute to answer it. */
const PING_MS = 20_000;
const PONG_TIMEOUT_MS = 60_000;
/** A client that reads so slowly that this much piles up is cut off, as a real venue would. */
const MAX_BACKLOG_BYTES = 16 * 1024 * 1024;
/** An event that is to arrive out of order is held back for the next one, but not for longer than this. */
const HOLD_MS = 1000;

/** One websocket: everything sent on it passes here, and so do the faults. */
export class Connection {
  private held: string[] = [];
  /** What ends its user streams, on the channel that has them. */
  userStreams: { readonly hasUserStreams: boolean; endUserStreams(): void } | undefined;

  constructor(
    private readonly socket: WebSocket,
    readonly channel: Channel,
    private readonly faults: StreamFaults,
  ) {
    // A broken connection also emits 'close', which is where it is dealt with.
    socket.on('error', () => undefined);
    socket.on('ping', (data) => {
      if (!this.faults.isStale(this)) socket.pong(data);
    });
    const unregister = faults.register(this);
    const stopPinging = this.keepAlive();
    socket.on('close', () => {
      unregister();
      stopPinging();
    });
  }

  /** Sends the answer to a request. */
  answer(message: unknown): void {
    this.write(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Sends an event of a stream. `event` is the message without its envelope. */
  deliver(stream: string, message: unknown, event: unknown): void {
    const text = JSON.stringify(message);
    const fate = this.faults.fateOf(this.channel, stream, event);
    if (fate === 'drop') return;
    if (fate === 'hold') {
      this.held.push(text);
      setTimeout(() => {
        this.release();
      }, HOLD_MS).unref();
      return;
    }
    this.write(text);
    if (fate === 'duplicate') this.write(text);
    this.release();
  }

  terminate(): void {
    this.socket.terminate();
  }

  hasUserStreams(): boolean {
    return this.userStreams?.hasUserStreams ?? false;
  }

  endUserStreams(): void {
    this.userStreams?.endUserStreams();
  }

  private release(): void {
    const { held } = this;
    this.held = [];
    for (const text of held) this.write(text);
  }

  private write(text: string): void {
    const { socket } = this;
    if (socket.bufferedAmount > MAX_BACKLOG_BYTES) socket.terminate();
    else if (socket.readyState === socket.OPEN && !this.faults.isStale(this)) socket.send(text);
  }

  /** @returns a function that stops it. */
  private keepAlive(): () => void {
    const { socket } = this;
    let answeredMs = performance.now();
    socket.on('pong', () => (answeredMs = performance.now()));
    const timer = setInterval(() => {
      if (performance.now() - answeredMs > PONG_TIMEOUT_MS) socket.terminate();
      else if (!this.faults.isStale(this)) socket.ping();
    }, PING_MS);
    return () => {
      clearInterval(timer);
    };
  }
}

import type { CcxtBinance, CcxtSocket } from './ccxt-client';

/** More unread events than this mean that the reader has stalled: the connection is given up and news starts over. */
const MAX_UNREAD = 10_000;
/** The staleness check runs this many times within the limit. */
const CHECKS_PER_LIMIT = 4;

/** One connection that is subscribed to events. */
export interface EventStream {
  /** The next event as the exchange sent it; rejects once the connection is lost and everything heard has been read. */
  next(): Promise<unknown>;
  /** Ends the connection. Who reads on is told `reason` after what has been heard. */
  close(reason?: unknown): void;
}

export interface StreamDeps {
  readonly client: CcxtBinance;
  readonly staleAfterMs: number;
  readonly requestTimeoutMs: number;
}

export interface EventStreamDeps extends StreamDeps {
  /**
   * The websocket of the n-th connection, from 1: the lowest number that is not in use. ccxt holds one connection per URL,
   * so that streams of one URL share it and are lost together.
   */
  readonly urlOf: (connection: number) => string;
  /** The request that subscribes; the answer to it carries the same id. */
  readonly subscription: (id: string, topics: readonly string[]) => object;
  /** The event in a message, or undefined when the message is none: an answer to a request. */
  readonly eventOf: (message: unknown) => unknown;
}

/** Opens one connection that is subscribed to `topics`; aborting the signal loses it. */
export type OpenEventStream = (signal: AbortSignal, topics?: readonly string[]) => Promise<EventStream>;

/** Events of one connection between ccxt, which pushes, and one reader, who pulls. */
class Inbox {
  private readonly unread: unknown[] = [];
  private lost: { readonly reason: unknown } | undefined;
  private wake: () => void = () => undefined;
  lastHeardMs = Date.now();

  /** @param onLost told once: nothing that comes later is kept. */
  constructor(private readonly onLost: (reason: unknown) => void) {}

  push(event: unknown): void {
    if (this.lost !== undefined) return;
    if (this.unread.length < MAX_UNREAD) this.unread.push(event);
    else this.lose(new Error(`More than ${MAX_UNREAD} events wait unread.`));
    this.wake();
  }

  /** The first reason stays. */
  lose(reason: unknown): void {
    if (this.lost !== undefined) return;
    this.lost = { reason };
    this.wake();
    this.onLost(reason);
  }

  async next(): Promise<unknown> {
    for (;;) {
      if (this.unread.length > 0) return this.unread.shift();
      if (this.lost !== undefined) throw this.lost.reason;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

/** Who reads what arrives on each websocket of one opener. */
class Readers {
  private readonly inboxes = new WeakMap<CcxtSocket, Set<Inbox>>();

  /**
   * Takes the events of our websockets from ccxt as they arrive, before its caches: its unified `watch…` methods merge what
   * arrives in one burst, while our readers want every event once and in order. What arrives on another websocket of the same
   * client is another opener's, or ccxt's own.
   */
  constructor(client: CcxtBinance, eventOf: EventStreamDeps['eventOf']) {
    const handleMessage = client.handleMessage.bind(client);
    client.handleMessage = (socket, message) => {
      const inboxes = this.inboxes.get(socket);
      if (inboxes === undefined) {
        handleMessage(socket, message);
        return;
      }
      const event = eventOf(message);
      const heardMs = Date.now();
      for (const inbox of inboxes) {
        inbox.lastHeardMs = heardMs;
        if (event !== undefined) inbox.push(event);
      }
      if (event === undefined) handleMessage(socket, message);
    };
  }

  add(socket: CcxtSocket, inbox: Inbox): void {
    const inboxes = this.inboxes.get(socket) ?? new Set();
    this.inboxes.set(socket, inboxes.add(inbox));
  }
}

/** Makes the opener of event streams of one kind. Openers of several kinds get along on one client. */
export function createEventStreams(deps: EventStreamDeps): OpenEventStream {
  const { client, staleAfterMs, urlOf, eventOf } = deps;
  const readers = new Readers(client, eventOf);
  const connections = new Set<number>();

  return async (signal, topics = []) => {
    signal.throwIfAborted();
    const connection = lowestUnused(connections);
    connections.add(connection);
    const url = urlOf(connection);
    const socket = client.client(url);
    const inbox = new Inbox((reason) => {
      clearInterval(watchdog);
      signal.removeEventListener('abort', onAbort);
      cut(socket, reason);
      connections.delete(connection);
    });
    const onAbort = (): void => {
      inbox.lose(signal.reason);
    };
    const watchdog = setInterval(
      () => {
        const heardMs = Math.max(inbox.lastHeardMs, socket.lastPong ?? 0);
        if (Date.now() - heardMs > staleAfterMs)
          inbox.lose(new Error(`Nothing was heard for ${staleAfterMs} ms.`));
      },
      Math.ceil(staleAfterMs / CHECKS_PER_LIMIT),
    );
    signal.addEventListener('abort', onAbort, { once: true });
    readers.add(socket, inbox);
    socket.future('event-stream-closed').catch((reason: unknown) => {
      inbox.lose(reason);
    });

    try {
      await subscribe(deps, url, topics, signal);
    } catch (error) {
      inbox.lose(error);
      throw error;
    }
    return {
      next: () => inbox.next(),
      close(reason = new Error('The event stream was closed.')) {
        inbox.lose(reason);
      },
    };
  };
}

function lowestUnused(numbers: ReadonlySet<number>): number {
  let lowest = 1;
  while (numbers.has(lowest)) lowest += 1;
  return lowest;
}

/**
 * Cuts a websocket as ccxt does it itself: the error makes it forget the socket at once, and only then the socket is cut. Were
 * it cut first, ccxt would forget a socket by its URL later on, which might be the next one by then.
 */
function cut(socket: CcxtSocket, reason: unknown): void {
  socket.onError(reason instanceof Error ? reason : new Error('The event stream was lost.'));
  socket.connection?.terminate();
}

/** Connects and subscribes; resolves when the exchange has confirmed, from which moment no event is missed. */
async function subscribe(
  { client, requestTimeoutMs, subscription }: EventStreamDeps,
  url: string,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const id = String(client.requestId(url));
  const onAnswer = (socket: CcxtSocket, answer: unknown): void => {
    socket.resolve(answer, id);
  };
  const limit = AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]);
  await abortable(client.watch(url, id, subscription(id, topics), id, { id, method: onAnswer }), limit);
}

/** Rejects with the signal's reason when it aborts first; what `promise` does afterwards is nobody's concern. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

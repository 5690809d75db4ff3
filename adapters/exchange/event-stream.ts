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

export interface EventStreamDeps {
  readonly client: CcxtBinance;
  readonly staleAfterMs: number;
  readonly requestTimeoutMs: number;
  readonly url: string;
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

  push(event: unknown): void {
    this.unread.push(event);
    if (this.unread.length > MAX_UNREAD) this.lose(new Error(`More than ${MAX_UNREAD} events wait unread.`));
    this.wake();
  }

  /** The first reason stays. */
  lose(reason: unknown): void {
    this.lost ??= { reason };
    this.wake();
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

/**
 * Makes the opener of event streams on one URL. Events are taken from ccxt as they arrive, before its caches: its
 * unified `watch…` methods merge what arrives in one burst, while our readers want every event once and in order.
 */
export function createEventStreams(deps: EventStreamDeps): OpenEventStream {
  const { client, staleAfterMs, url, eventOf } = deps;
  const inboxes = new WeakMap<CcxtSocket, Inbox>();
  const handleMessage = client.handleMessage.bind(client);
  client.handleMessage = (socket, message) => {
    const inbox = inboxes.get(socket);
    if (inbox !== undefined) inbox.lastHeardMs = Date.now();
    const event = eventOf(message);
    if (event === undefined) handleMessage(socket, message);
    else inbox?.push(event);
  };

  return async (signal, topics = []) => {
    signal.throwIfAborted();
    const socket = client.client(url);
    const inbox = new Inbox();
    inboxes.set(socket, inbox);
    socket.future('event-stream-closed').catch((reason: unknown) => {
      inbox.lose(reason);
    });
    const onAbort = (): void => {
      inbox.lose(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const watchdog = setInterval(
      () => {
        const heardMs = Math.max(inbox.lastHeardMs, socket.lastPong ?? 0);
        if (Date.now() - heardMs > staleAfterMs)
          inbox.lose(new Error(`Nothing was heard for ${staleAfterMs} ms.`));
      },
      Math.ceil(staleAfterMs / CHECKS_PER_LIMIT),
    );

    const stream: EventStream = {
      next: () => inbox.next(),
      close(reason = new Error('The event stream was closed.')) {
        inbox.lose(reason);
        clearInterval(watchdog);
        signal.removeEventListener('abort', onAbort);
        // As ccxt does it itself: the error makes it forget the socket at once, and only then the socket is cut. Were it
        // cut first, ccxt would forget a socket by its URL later on, which might be the next one by then.
        socket.onError(new Error('The event stream was closed.'));
        socket.connection?.terminate();
      },
    };
    try {
      await subscribe(deps, topics, signal);
    } catch (error) {
      stream.close();
      throw error;
    }
    return stream;
  };
}

/** Connects and subscribes; resolves when the exchange has confirmed, from which moment no event is missed. */
async function subscribe(
  { client, url, requestTimeoutMs, subscription }: EventStreamDeps,
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

import { setTimeout as wait } from 'node:timers/promises';
import type { ExchangeFailure } from '../../domain/errors';
import { abortable, type EventStream } from './event-stream';
import type { Gateway } from './gateway';
import type { ExchangeLogger, StreamTiming } from './options';

/** What is watched: a stream that is opened again whenever it is lost. */
export interface StreamWatch {
  /** For the log: `Account news`. */
  readonly name: string;
  readonly open: (signal: AbortSignal) => Promise<EventStream>;
  /** Tells what a stream brings; rejects once it is lost. */
  readonly tell: (stream: EventStream) => Promise<never>;
  /** Done once after each attempt that has opened no stream. */
  readonly withoutStream?: () => Promise<void>;
  /** Does the failure end the watch, since trying again is of no use? */
  readonly isFinal?: (failure: ExchangeFailure) => boolean;
}

export interface StreamWatchDeps {
  readonly gateway: Gateway;
  readonly timing: StreamTiming;
  readonly logger: ExchangeLogger | undefined;
}

/** The listener threw: that ends the watch, unlike anything the exchange does. */
class ListenerFailed extends Error {}

/** Tells a listener one event at a time. What it throws ends the watch in which it is told. */
export const tellInTurn =
  <Event>(onEvent: (event: Event) => void | Promise<void>, signal: AbortSignal) =>
  async (event: Event): Promise<void> => {
    signal.throwIfAborted();
    try {
      await onEvent(event);
    } catch (cause) {
      throw new ListenerFailed('The listener failed.', { cause });
    }
  };

/**
 * Holds one stream until `signal` aborts; when that is lost it connects again after a wait that doubles with each failure in a row.
 * @throws whatever the listener throws, and `ExchangeFailure` for one that is final
 */
export async function watchStream(
  watch: StreamWatch,
  deps: StreamWatchDeps,
  signal: AbortSignal,
): Promise<void> {
  const isOver = (error?: unknown): boolean => signal.aborted && !(error instanceof ListenerFailed);
  let failures = 0;

  while (!isOver()) {
    const begunMs = Date.now();
    let stream: EventStream | undefined;
    try {
      stream = await watch.open(signal);
      await watch.tell(stream);
    } catch (error) {
      if (isOver(error)) return;
      if (Date.now() - begunMs >= deps.timing.healthyAfterMs) failures = 0;
      failures += 1;
      await handleFailure(error, failures, watch, deps);
    } finally {
      stream?.close();
    }
    if (stream === undefined && watch.withoutStream !== undefined) {
      await abortable(watch.withoutStream(), signal).catch((error: unknown) =>
        isOver(error) ? undefined : handleFailure(error, failures, watch, deps),
      );
    }
    await wait(backoffMs(failures, deps.timing), undefined, { signal }).catch(() => undefined);
  }
}

/** Logs why news is interrupted. @throws the listener's own error, and a failure that is final */
async function handleFailure(
  error: unknown,
  failures: number,
  { name, isFinal }: StreamWatch,
  { gateway, logger }: StreamWatchDeps,
): Promise<void> {
  if (error instanceof ListenerFailed) throw error.cause;
  const failure = gateway.classify(error);
  if (isFinal?.(failure) === true) throw failure;
  logger?.warn(
    { failures, errorClass: failure.detail.errorClass, reason: failure.message },
    `${name} is interrupted; connecting again`,
  );
  if (failure.detail.errorClass === 'InvalidNonce') await gateway.synchroniseTime();
}

export const backoffMs = (failures: number, { minBackoffMs, maxBackoffMs }: StreamTiming): number =>
  Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(failures - 1, 20));

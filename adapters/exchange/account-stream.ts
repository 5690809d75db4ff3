import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { AccountPoller, Deliver } from './account-poller';
import { executionReportPayload } from './binance-payloads';
import type { EventStream } from './event-stream';
import { toAccountEvents } from './mappers';
import type { ExchangePort } from './port';
import type { StreamAudit } from './stream-audit';
import { tellInTurn, watchStream, type StreamWatch, type StreamWatchDeps } from './stream-watch';
import type { SymbolBook } from './symbols';

export interface AccountStreamDeps extends StreamWatchDeps {
  readonly openStream: (signal: AbortSignal) => Promise<EventStream>;
  readonly createPoller: () => AccountPoller;
  readonly createAudit: () => StreamAudit;
  readonly symbols: SymbolBook;
}

const eventPayload = z.looseObject({ e: z.string() });

/**
 * Tells account news until `signal` aborts. It holds one user stream; when that is lost it connects again after a wait
 * that doubles with each failure, and polls over REST once per failed attempt. A stream that has gone silent about orders
 * which have changed counts as lost, however lively its connection. `connected` is told when a source has
 * begun to listen, so whoever reconciles on it misses nothing.
 * @throws whatever the listener throws.
 */
export async function watchAccount(
  deps: AccountStreamDeps,
  onEvent: Parameters<ExchangePort['watchAccount']>[0],
  signal: AbortSignal,
): Promise<void> {
  const deliver: Deliver = tellInTurn(onEvent, signal);
  let poller: AccountPoller | undefined;
  const watch: StreamWatch = {
    name: 'Account news',
    async open() {
      const stream = await deps.openStream(signal);
      poller = undefined;
      return stream;
    },
    tell: (stream) => tellNews(stream, deps, deliver, signal),
    withoutStream() {
      poller ??= deps.createPoller();
      return poller.poll(deliver);
    },
  };
  await watchStream(watch, deps, signal);
}

async function tellNews(
  stream: EventStream,
  deps: AccountStreamDeps,
  deliver: Deliver,
  signal: AbortSignal,
): Promise<never> {
  const audit = deps.createAudit();
  const over = new AbortController();
  try {
    // The first look comes before anybody reconciles: whatever changes later has to be told, or is found missing.
    await look(audit, deps);
    await deliver({ kind: 'connected' });
    auditing(audit, deps, AbortSignal.any([signal, over.signal])).catch((reason: unknown) => {
      stream.close(reason);
    });
    return await pump(stream, deps, audit, deliver);
  } finally {
    over.abort();
  }
}

/** Delivers what the stream tells, until it is lost. */
async function pump(
  stream: EventStream,
  { gateway, symbols }: AccountStreamDeps,
  audit: StreamAudit,
  deliver: Deliver,
): Promise<never> {
  for (;;) {
    const event = gateway.understand(eventPayload, await stream.next());
    if (event.e === 'eventStreamTerminated') throw new Error('The exchange ended the user stream.');
    if (event.e !== 'executionReport') continue;
    const news = gateway.understand(executionReportPayload, event);
    const symbolOf = await symbols.toSymbols([news.s]);
    for (const told of toAccountEvents(news, symbolOf(news.s))) {
      if (told.kind === 'order') audit.heard(told.report);
      await deliver(told);
    }
  }
}

/** Looks from time to time whether the stream keeps anything back. @throws once it has. */
async function auditing(audit: StreamAudit, deps: AccountStreamDeps, signal: AbortSignal): Promise<never> {
  const { auditEveryMs, auditGraceMs } = deps.timing;
  for (;;) {
    await wait(auditEveryMs, undefined, { signal });
    await look(audit, deps);
    if (!audit.owesAnything) continue;
    await wait(auditGraceMs, undefined, { signal });
    if (audit.isDeaf()) throw new Error('The user stream has not told of a change to an open order.');
  }
}

/** A look that fails says nothing about the stream: the next one will do. */
async function look(audit: StreamAudit, { gateway, logger }: AccountStreamDeps): Promise<void> {
  await audit.look().catch((error: unknown) => {
    logger?.info(
      { reason: gateway.classify(error).message },
      'Open orders could not be compared with the news',
    );
  });
}

import { EventEmitter, once } from 'node:events';
import type { MarketEvent } from '../../../adapters/exchange/port';

/** A listener that keeps what it was told and lets a test wait for more. */
export class Listener<Event extends { readonly kind: string }> {
  readonly told: Event[] = [];
  private readonly news = new EventEmitter();

  readonly onEvent = (event: Event): Promise<void> => {
    this.told.push(event);
    this.news.emit('told');
    return Promise.resolve();
  };

  /** Waits until `count` events that match have been told. */
  async until(count: number, matches: (event: Event) => boolean): Promise<void> {
    while (this.told.filter(matches).length < count) await once(this.news, 'told');
  }

  untilKind(kind: Event['kind'], count: number): Promise<void> {
    return this.until(count, (event) => event.kind === kind);
  }

  get kinds(): readonly Event['kind'][] {
    return this.told.map(({ kind }) => kind);
  }
}

/** Market news in short: bars, and the bounds of gaps, by the number of the minute since `startMs` in which they open. */
export function inShort(told: readonly MarketEvent[], startMs: number): readonly string[] {
  const minute = (openTimeMs: number): number => (openTimeMs - startMs) / 60_000;
  return told.map((event) => {
    if (event.kind === 'bar') return `${event.timeframe} ${minute(event.bar.openTimeMs)}`;
    return event.kind === 'gap' ? `gap ${minute(event.fromMs)} to ${minute(event.toMs)}` : event.kind;
  });
}

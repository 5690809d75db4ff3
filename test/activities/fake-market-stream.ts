import type { ExchangePort, MarketEvent, MarketWatchRequest } from '../../adapters/exchange/port';

interface Untold {
  readonly event: MarketEvent;
  readonly told: () => void;
}

/** The market's news as a test wants it: whoever watches hears `connected`, and then what `tell` is given. */
export class FakeMarketStream {
  private readonly watches = new Set<(event: MarketEvent) => Promise<void>>();

  /** How many watch at this moment. */
  get watchers(): number {
    return this.watches.size;
  }

  /** Tells everybody who has asked for it, in turn; resolves once each has dealt with it, failed, or stopped watching. */
  async tell(event: MarketEvent): Promise<void> {
    await Promise.all([...this.watches].map((tell) => tell(event)));
  }

  /** Tells one event at a time until `signal` aborts. @throws whatever the listener throws */
  async watch(...[request, onEvent, signal]: Parameters<ExchangePort['watchMarket']>): Promise<void> {
    const untold: Untold[] = [{ event: { kind: 'connected' }, told: () => undefined }];
    let wake: () => void = () => undefined;
    const take = (event: MarketEvent): Promise<void> =>
      new Promise((told) => {
        if (concerns(request, event)) untold.push({ event, told });
        else told();
        wake();
      });
    const isOver = (): boolean => signal.aborted;
    const onAbort = (): void => {
      wake();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    this.watches.add(take);
    let next: Untold | undefined;
    try {
      while (!isOver()) {
        next = untold.shift();
        if (next === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else await onEvent(next.event);
        next?.told();
      }
    } finally {
      this.watches.delete(take);
      signal.removeEventListener('abort', onAbort);
      for (const { told } of [...(next === undefined ? [] : [next]), ...untold]) told();
    }
  }
}

function concerns({ bars, trades }: MarketWatchRequest, event: MarketEvent): boolean {
  if (event.kind === 'connected') return true;
  if (event.kind === 'trade') return trades.includes(event.symbol);
  return bars.some(({ symbol, timeframe }) => symbol === event.symbol && timeframe === event.timeframe);
}

import type {
  AccountEvent,
  ExchangePort,
  MarketEvent,
  MarketWatchRequest,
} from '../../../adapters/exchange/port';
import type { FaultStrike } from '../../../emulator/server/faults/log';
import { BTC, EmulatorWorld } from './emulator-world';
import { inShort, Listener } from './listener';
import { CALM_PRICE, CRASH_MS, CRASHED_PRICE, SESSION_START_MS } from './still-market';

const MINUTE_MS = 60_000;
/** The minute in which the session begins. */
const FIRST_OPEN_MS = Math.floor(SESSION_START_MS / MINUTE_MS) * MINUTE_MS;
const MINUTES: MarketWatchRequest = { bars: [{ symbol: BTC, timeframe: '1m' }], trades: [] };
const QUICK = { staleAfterMs: 60_000, minBackoffMs: 5, maxBackoffMs: 20, healthyAfterMs: 60_000 };

let world: EmulatorWorld;
let exchange: ExchangePort;
let stop: AbortController;
let listener: Listener<MarketEvent>;
let watching: Promise<void>;

/** Listens; `onEvent` is told each event after it has been noted. */
function watch(request = MINUTES, onEvent?: (event: MarketEvent) => Promise<void>): void {
  const hear = async (event: MarketEvent): Promise<void> => {
    await listener.onEvent(event);
    await onEvent?.(event);
  };
  watching = exchange.watchMarket(request, hear, stop.signal);
  watching.catch(() => undefined);
}

const heard = (): readonly string[] => inShort(listener.told, FIRST_OPEN_MS);

/** Closes the minutes from the session's first to this one, and no further. */
const close = (minute: number): Promise<void> =>
  world.advanceTo(FIRST_OPEN_MS + (minute + 1) * MINUTE_MS + 1_000);

async function struck(kind: string, times = 1): Promise<void> {
  for (;;) {
    const strikes = (await world.control('GET', 'faults/log')) as readonly FaultStrike[];
    if (strikes.filter((strike) => strike.kind === kind).length >= times) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

beforeEach(async () => {
  world = await EmulatorWorld.start();
  exchange = await world.open({ stream: QUICK });
  stop = new AbortController();
  listener = new Listener();
});
afterEach(async () => {
  stop.abort();
  await watching.catch(() => undefined);
  await world.close();
});

describe('the market', () => {
  it('is told by closed bars of every source, each once and in order', async () => {
    watch({
      bars: [
        { symbol: BTC, timeframe: '1m' },
        { symbol: BTC, timeframe: '5m' },
      ],
      trades: [],
    });
    await listener.untilKind('connected', 1);
    await close(0);
    await listener.untilKind('bar', 1);
    expect(listener.told[1]).toEqual({
      kind: 'bar',
      symbol: BTC,
      timeframe: '1m',
      bar: {
        openTimeMs: FIRST_OPEN_MS,
        ...{ open: CALM_PRICE, high: CALM_PRICE, low: CALM_PRICE, close: CALM_PRICE, volume: 1 },
      },
    });
    await close(5);
    await listener.untilKind('bar', 7);
    expect(heard().filter((event) => event.startsWith('1m'))).toEqual(
      [0, 1, 2, 3, 4, 5].map((minute) => `1m ${minute}`),
    );
    // 03:04 to 03:05 lies in the five minutes from 03:00.
    expect(heard().filter((event) => event.startsWith('5m'))).toEqual(['5m -4']);
  });

  it('is told by every trade', async () => {
    watch({ bars: [], trades: [BTC] });
    await listener.untilKind('connected', 1);
    await world.advanceTo(CRASH_MS + 2 * MINUTE_MS);
    await listener.untilKind('trade', 3);
    expect(listener.told.slice(1)).toEqual(
      [0, 1, 2].map((minute) => ({
        ...{ kind: 'trade', symbol: BTC, price: CRASHED_PRICE - 1 },
        marketTimeMs: CRASH_MS + minute * MINUTE_MS,
      })),
    );
  });

  it('is told to each of several listeners, and to the account, over one client', async () => {
    const [account, other] = [new AbortController(), new AbortController()];
    const [ofAccount, ofOther] = [new Listener<AccountEvent>(), new Listener<MarketEvent>()];
    const hearing = exchange.watchAccount(ofAccount.onEvent, account.signal);
    watch();
    const overhearing = exchange.watchMarket({ bars: [], trades: [BTC] }, ofOther.onEvent, other.signal);
    for (const each of [ofAccount, listener, ofOther])
      await each.until(1, ({ kind }) => kind === 'connected');
    // Our own trade is the market's, too.
    await exchange.submit(world.nextOrder());
    await ofAccount.untilKind('order', 1);
    await world.advanceTo(CRASH_MS + 1_000);
    await ofOther.untilKind('trade', 2);
    await listener.untilKind('bar', 56);

    // One that leaves concerns nobody else.
    other.abort();
    await overhearing;
    account.abort();
    await hearing;
    await world.advanceTo(CRASH_MS + MINUTE_MS);
    await listener.untilKind('bar', 57);
    expect(ofOther.kinds).toEqual(['connected', 'trade', 'trade']);
    expect(new Set(listener.kinds.slice(1))).toEqual(new Set(['bar']));
  });

  it('waits for a slow listener, in order', async () => {
    watch(MINUTES, async (event) => {
      if (event.kind === 'bar') await new Promise(setImmediate);
    });
    await listener.untilKind('connected', 1);
    await close(59);
    await listener.untilKind('bar', 60);
    expect(heard().slice(1)).toEqual(Array.from({ length: 60 }, (_, minute) => `1m ${minute}`));
  });
});

describe('what the connection does to bars', () => {
  it.each([
    ['told twice', { kind: 'ws-duplicate' }, ['1m 0', '1m 1', '1m 2']],
    ['lost', { kind: 'ws-gap', times: 1, skip: 1 }, ['1m 0', 'gap 1 to 2', '1m 2']],
    ['told too late', { kind: 'ws-reorder', times: 1, skip: 1 }, ['1m 0', 'gap 1 to 2', '1m 2']],
  ])('is made good, or told: %s', async (_, fault, expected) => {
    watch();
    await listener.untilKind('connected', 1);
    await world.plan({ match: 'ws:btcusdt@kline_1m', times: 'always', ...fault });
    // One step: the beat of the stream sends three closed bars in one go.
    await close(2);
    await listener.untilKind('bar', expected.filter((event) => event.startsWith('1m')).length);
    await struck(fault.kind);
    await close(3);
    await listener.until(
      1,
      (event) => event.kind === 'bar' && event.bar.openTimeMs === FIRST_OPEN_MS + 3 * MINUTE_MS,
    );
    expect(heard()).toEqual(['connected', ...expected, '1m 3']);
  });

  it('a connection that is lost is told of when the next one listens, and no gap with it', async () => {
    watch();
    await listener.untilKind('connected', 1);
    await close(0);
    await listener.untilKind('bar', 1);
    await world.plan({ kind: 'ws-refuse', match: 'ws:market', times: 3 });
    await world.plan({ kind: 'ws-disconnect', match: 'ws:market' });
    await struck('ws-disconnect');
    await close(3);
    await listener.untilKind('connected', 2);
    await close(4);
    await listener.untilKind('bar', 2);
    expect(heard()).toEqual(['connected', '1m 0', 'connected', '1m 4']);
  });

  it('a connection that has gone silent is replaced', async () => {
    exchange = await world.open({ stream: { ...QUICK, staleAfterMs: 200 }, requestTimeoutMs: 500 });
    watch();
    await listener.untilKind('connected', 1);
    await world.plan({ kind: 'ws-stale', match: 'ws:market' });
    // The next one does not even answer.
    await struck('ws-stale', 2);
    await world.callOff();
    await listener.untilKind('connected', 2);
  });

  it('one that answers every ping and brings nothing is kept: the listener has to judge it', async () => {
    exchange = await world.open({ stream: { ...QUICK, staleAfterMs: 600 } });
    watch();
    await listener.untilKind('connected', 1);
    await world.plan({ kind: 'ws-mute', match: 'ws:market', times: 'always' });
    await close(0);
    await struck('ws-mute');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(heard()).toEqual(['connected']);
  });
});

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { readExchangeRecord, type RecordedOrder } from '../../emulator/journal/record';
import { ExchangeProcess } from '../../test/crash/harness/exchange-process';
import { BallastProcess } from '../ballast-process';
import { newAccount, NO_LIMITS } from '../emulated-exchange';
import type { BenchContext, BenchEntry } from '../entry';
import type { NamedMeasurement } from '../measurement';
import { SignedHttp } from '../signed-http';
import { percentile, ratio } from '../statistics';

/** A one-minute bar every second. */
const SPEED = 60;
const SYMBOLS = ['BTC/USDT', 'ETH/USDT', 'SOL/USDT', 'XRP/USDT'] as const;
const BARE_MS = 60_000;
const LANE_MS = 120_000;
const WARM_UP_MS = 10_000;
/** An order that comes later than this after a close belongs to none, in wall milliseconds. */
const LATEST_MS = 900;

/** Enters on every other bar and leaves soon, so that there is something to measure. */
const RESTLESS = {
  strategy: 'rsi',
  timeframe: '1m',
  parameters: { period: 2, oversold: 50, overbought: 70 },
  maxHoldingBars: 2,
  lane: 'fast',
};

/**
 * From the event that closes a bar to the order at the exchange, both by the exchange's own clock: on the fast lane of a whole running
 * system, and by a bare listener that answers the same event with a signed order and does nothing else.
 */
export const lane: BenchEntry = { name: 'tickToOrder', measure };

async function measure(context: BenchContext): Promise<readonly NamedMeasurement[]> {
  context.progress(`a bare listener for ${BARE_MS / 1_000} s`);
  const bare = await measureBare(context.folder('bare'));
  context.progress(`the fast lane for ${LANE_MS / 1_000} s`);
  const subject = await measureLane(context.folder('lane'));
  context.progress(`${bare.length} bare orders, ${subject.length} entries of the lane`);
  return ([99, 50] as const).map((p) => {
    const [value, baseline] = [percentile(subject, p), percentile(bare, p)];
    return {
      name: p === 99 ? 'tickToOrder' : 'tickToOrderMedian',
      ...{ value, unit: 'ms', baseline, ratio: ratio(value, baseline) },
      goal: p === 99 ? ({ of: 'value', atMost: 50 } as const) : null,
      how: `${p === 99 ? '99th percentile' : 'median'}, from the emulator's event that closes a bar to its acceptance of the entry, of ${subject.length} entries by strategies on ${SYMBOLS.length} symbols at ${SPEED}×; baseline: a bare listener's ${bare.length} signed orders`,
    };
  });
}

async function measureBare(folder: string): Promise<readonly number[]> {
  const owner = newAccount('main', { USDT: '100000000' });
  const exchange = await ExchangeProcess.start(folder, owner, 1, {
    ...{ limits: NO_LIMITS, speed: SPEED, running: true },
  });
  const http = new SignedHttp(exchange.url, owner);
  const sent: Promise<unknown>[] = [];
  const closes = await Closes.listen(exchange.url.replace('http', 'ws'), ['BTC/USDT'], () => {
    sent.push(
      http.call('POST', '/api/v3/order', {
        symbol: 'BTCUSDT',
        side: 'BUY',
        type: 'MARKET',
        quantity: '0.001',
      }),
    );
  });
  try {
    await sleep(BARE_MS);
    closes.close();
    await Promise.all(sent);
    return delays(closes.heard, exchange.record().orders);
  } finally {
    closes.close();
    http.close();
    await exchange.close();
  }
}

async function measureLane(folder: string): Promise<readonly number[]> {
  const configured = SYMBOLS.map((symbol, index) => ({
    ...RESTLESS,
    name: `fast-${index}`,
    symbols: [symbol],
  }));
  const ballast = await BallastProcess.start(folder, {
    BALLAST__market__speed: String(SPEED),
    BALLAST__strategies: JSON.stringify(configured),
    BALLAST__risk__dailyLossFraction: '0.9',
    BALLAST__risk__maxDrawdownFraction: '0.9',
  });
  const { restUrl = '' } = ballast.config.exchange;
  const closes = await Closes.listen(restUrl.replace('http', 'ws'), SYMBOLS, () => undefined);
  try {
    await sleep(WARM_UP_MS);
    const fromMs = closes.heard.at(-1)?.eventMs ?? 0;
    await sleep(LANE_MS);
    const { orders } = readExchangeRecord(join(ballast.stateDir, 'emulator'));
    const entries = orders.filter(({ side, createdMs }) => side === 'BUY' && createdMs > fromMs);
    return delays(closes.heard, entries);
  } finally {
    closes.close();
    await ballast.close();
  }
}

/** Wall milliseconds from the newest close of its symbol to each order. */
function delays(heard: readonly Close[], orders: readonly RecordedOrder[]): readonly number[] {
  return orders.flatMap(({ symbol, createdMs }) => {
    const last = heard.findLast((close) => close.symbol === symbol && close.eventMs <= createdMs);
    const delayMs = last === undefined ? Infinity : (createdMs - last.eventMs) / SPEED;
    return delayMs <= LATEST_MS ? [delayMs] : [];
  });
}

interface Close {
  readonly symbol: string;
  /** Market time at which the exchange told of it. */
  readonly eventMs: number;
}

const klineEvent = z.object({
  e: z.literal('kline'),
  E: z.number(),
  s: z.string(),
  k: z.object({ x: z.boolean() }),
});

/** A listener that notes when the exchange tells that bars have closed. */
class Closes {
  readonly heard: Close[] = [];

  private constructor(private readonly socket: WebSocket) {}

  static async listen(url: string, symbols: readonly string[], onClose: () => void): Promise<Closes> {
    const topics = symbols.map((symbol) => `${symbol.replace('/', '').toLowerCase()}@kline_1m`);
    const socket = new WebSocket(`${url}/stream?streams=${topics.join('/')}`);
    const closes = new Closes(socket);
    socket.on('message', (data: Buffer) => {
      const { data: event } = JSON.parse(data.toString()) as { readonly data: unknown };
      const parsed = klineEvent.safeParse(event);
      if (!parsed.success || !parsed.data.k.x) return;
      closes.heard.push({ symbol: parsed.data.s, eventMs: parsed.data.E });
      onClose();
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return closes;
  }

  close(): void {
    this.socket.terminate();
  }
}

import fc from 'fast-check';
import type { Bar } from '../../domain/bar';
import type { BarColumns } from '../../domain/bar-columns';
import { decimal, type DecimalString } from '../../domain/decimal';
import type { Instrument } from '../../domain/instrument';
import {
  observationColumns,
  OBSERVED_OUTPUTS,
  type ObservationColumns,
  type ObservationsOf,
  type ObservedKind,
} from '../../domain/observations';
import type { Fill } from '../../domain/order';

/** Every property of this area runs from one seed, so a failure reproduces; fast-check prints the path to replay it. */
fc.configureGlobal({ seed: 20_240_808, numRuns: 500 });

export const d = decimal;

export const BTC: Instrument = {
  symbol: 'BTC/USDT',
  base: 'BTC',
  quote: 'USDT',
  tickSize: d('0.01'),
  stepSize: d('0.00001'),
  minQuantity: d('0.00001'),
  minNotional: d('5'),
  makerFee: d('0.001'),
  takerFee: d('0.001'),
};

/** A decimal as an integer and the number of its digits after the point: what an oracle in BigInt computes with. */
export interface Scaled {
  readonly units: bigint;
  readonly places: number;
}

/** Plain notation of units / 10^places. */
export function textOf({ units, places }: Scaled): DecimalString {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0');
  const cut = digits.length - places;
  return d(`${units < 0n ? '-' : ''}${digits.slice(0, cut)}${places > 0 ? '.' : ''}${digits.slice(cut)}`);
}

export const scaled = (min: bigint, max: bigint, maxPlaces: number): fc.Arbitrary<Scaled> =>
  fc.record({ units: fc.bigInt({ min, max }), places: fc.integer({ min: 0, max: maxPlaces }) });

/** Decimals from `min` to `max`, both counted in units of the last of `places` digits. */
export const decimals = (min: number, max: number, places: number): fc.Arbitrary<DecimalString> =>
  fc.integer({ min, max }).map((units) => textOf({ units: BigInt(units), places }));

export const fill = (part: Partial<Fill>): Fill => ({
  symbol: 'BTC/USDT',
  tradeId: '1',
  clientOrderId: 'bl-1',
  exchangeOrderId: '1',
  side: 'buy',
  price: d('100'),
  quantity: d('1'),
  fee: d('0'),
  feeAsset: 'USDT',
  liquidity: 'taker',
  marketTimeMs: 0,
  ...part,
});

const MINUTE_MS = 60_000;

/** One-minute bars through these closes; each reaches `range` beyond its open and close. */
export function barsOf(closes: readonly number[], range = 0.5): Bar[] {
  return closes.map((close, index) => {
    const open = closes[index - 1] ?? close;
    const high = Math.max(open, close) + range;
    return {
      openTimeMs: index * MINUTE_MS,
      open,
      high,
      low: Math.min(open, close) - range,
      close,
      volume: 1,
    };
  });
}

/** Mulberry32: a seeded stream of numbers in [0, 1). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Closes of a random walk around 100, on a tick of 0.01, always above 1. */
export function walk(seed: number, length: number): number[] {
  const next = random(seed);
  let price = 100;
  return Array.from({ length }, () => {
    price = Math.max(1, Math.round(price * (1 + (next() - 0.5) * 0.02) * 100) / 100);
    return price;
  });
}

/**
 * Something of every kind to be seen beside the bars, from `fromMs` to `toMs`: news come in bursts every few steps, a step or so
 * after what they are about. The same for every subject.
 */
export function observedBetween(fromMs: number, toMs: number, stepMs: number, seed = 1): ObservationsOf {
  const next = random(seed);
  const count = Math.floor((toMs - fromMs) / stepMs);
  const valueOf: Readonly<Record<ObservedKind, () => readonly number[]>> = {
    mood: () => [Number((2 * next() - 1).toFixed(2)), next() < 0.2 ? 1 : 0],
    'fear-greed': () => [Math.floor(101 * next())],
    funding: () => [(next() - 0.5) / 1_000],
    'long-short': () => [0.5 + 2 * next()],
  };
  const seriesOf = (kind: ObservedKind): ObservationColumns =>
    observationColumns(
      kind,
      Array.from({ length: count }, (_, index) => {
        const timeMs = fromMs + index * stepMs + Math.floor(next() * stepMs);
        return { timeMs, knownMs: timeMs + Math.floor(next() * stepMs), values: valueOf[kind]() };
      }),
    );
  const kinds = Object.keys(OBSERVED_OUTPUTS) as readonly ObservedKind[];
  const known = new Map(kinds.map((kind) => [kind, seriesOf(kind)]));
  return ({ kind }) => known.get(kind) ?? observationColumns(kind, []);
}

/** How far a companion strays at each bar: a random step, and 0.6 of where it was. */
const strays = ((): Float64Array => {
  const next = random(77);
  let stray = 0;
  return Float64Array.from({ length: 10_000 }, () => {
    stray = 0.6 * stray + next() + next() + next() - 1.5;
    return stray;
  });
})();

/**
 * A second market that belongs to the first, bar by bar: its logarithm is 0.8 times the first's, and strays from there by steps of
 * this size.
 * @param from how many bars there are before these
 */
export function companionOf(bars: BarColumns, { step = 0.004, from = 0 } = {}): BarColumns {
  const close = bars.close.map(
    (price, at) => 20 * Math.exp(0.8 * Math.log(price) + step * (strays[from + at] ?? NaN)),
  );
  return { ...bars, open: close, high: close, low: close, close };
}

/**
 * Parameters with which strategies of windows need few bars, where every bar is decided on from its window: a stop by the ATR alone
 * takes 389. Those that are not named are tested as they come, with their ATR.
 */
export const SHORT_WARM_UP: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  donchian: { stopFraction: 0.03 },
  pairs: { stopFraction: 0.03, period: 120 },
};

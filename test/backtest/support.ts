import { z } from 'zod';
import { runBacktest, type BacktestInput, type BacktestResult } from '../../backtest/backtest';
import type { SimulatedFill } from '../../backtest/account';
import type { MarketData } from '../../backtest/market';
import { backtestRulesSchema } from '../../backtest/rules';
import { timeframeMs, type Timeframe } from '../../domain/bar';
import { columnsOf, sliceColumns, type BarColumns } from '../../domain/bar-columns';
import { decimal } from '../../domain/decimal';
import type { Instrument } from '../../domain/instrument';
import { prepare, type PreparedStrategy } from '../../domain/strategies/prepare';
import { exit, hold, SignalKind, type PositionSide, type Strategy } from '../../domain/strategy';

export const d = decimal;

/** A midnight, so that days are easy to count. */
export const START_MS = Date.UTC(2024, 0, 1);

/** A pair that is easy to reckon with: ticks of a cent, lots of a thousandth, 0.1 % a side. */
export const COIN: Instrument = {
  symbol: 'COIN/USDT',
  base: 'COIN',
  quote: 'USDT',
  tickSize: d('0.01'),
  stepSize: d('0.001'),
  minQuantity: d('0.001'),
  minNotional: d('5'),
  makerFee: d('0.001'),
  takerFee: d('0.001'),
};

/** Open, high, low, close and, where it matters, volume. */
export type Candle = readonly [open: number, high: number, low: number, close: number, volume?: number];

export const candles = (list: readonly Candle[], timeframe: Timeframe = '1h'): BarColumns =>
  columnsOf(
    list.map(([open, high, low, close, volume = 1_000], index) => ({
      openTimeMs: START_MS + index * timeframeMs(timeframe),
      ...{ open, high, low, close, volume },
    })),
  );

/** The bars before `cut` of the one, and from there on those of the other, which is as long. */
export function spliced(past: BarColumns, future: BarColumns, cut: number): BarColumns {
  const [before, after] = [sliceColumns(past, 0, cut), sliceColumns(future, cut)];
  const column = (name: 'openTimeMs' | 'open' | 'high' | 'low' | 'close' | 'volume'): Float64Array =>
    Float64Array.of(...before[name], ...after[name]);
  return {
    length: past.length,
    ...{ openTimeMs: column('openTimeMs'), open: column('open'), high: column('high') },
    ...{ low: column('low'), close: column('close'), volume: column('volume') },
  };
}

/** `count` bars at one price. */
export const still = (price: number, count = 1): Candle[] =>
  Array.from({ length: count }, (): Candle => [price, price, price, price]);

/** What is done at the close of a bar. */
export type Step =
  | 'exit'
  /** Offered at a price. */
  | { readonly offer: number }
  | {
      /** Quoted at this price. */
      readonly bid?: number;
      readonly side?: PositionSide;
      readonly stop: number;
      readonly target: number;
      readonly trail?: number;
    };

/** A strategy that does what it is told at the close of the bars with these numbers, whatever the market does. */
export function scripted(
  steps: Readonly<Record<number, Step>>,
  timeframe: Timeframe = '1h',
): PreparedStrategy {
  const strategy: Strategy<Record<string, never>, never> = {
    id: 'scripted',
    summary: 'Does what it is told.',
    quotes: true,
    parameters: z.strictObject({}),
    indicators: () => ({}),
    onBar(view) {
      const step = steps[(view.openTimeMs - START_MS) / timeframeMs(timeframe)];
      if (step === undefined) return NOTHING;
      if (step === 'exit') return LEAVE;
      if ('offer' in step) return { ...LEAVE, limitPrice: step.offer };
      const { side = 'long', stop, target, trail = null, bid } = step;
      return {
        kind: SignalKind.Enter,
        ...{
          side,
          referencePrice: view.close.at(0),
          stopPrice: stop,
          targetPrice: target,
          trailDistance: trail,
          ...(bid !== undefined && { limitPrice: bid }),
        },
        because: () => [],
      };
    },
  };
  return prepare(strategy, {});
}

const NOTHING = hold<Record<string, never>, never>(() => []);
const LEAVE = exit<Record<string, never>, never>(() => []);

export type RuleInput = Partial<z.input<typeof backtestRulesSchema>>;

interface Scene {
  readonly bars: readonly Candle[];
  readonly steps: Readonly<Record<number, Step>>;
  /** Changes to a tenth of cash per trade and an account of 1,000. */
  readonly rules?: RuleInput;
  readonly market?: Partial<MarketData>;
  readonly maxHoldingBars?: number;
  readonly balance?: string;
}

/** Plays a scene and returns what came of it, with every fill. */
export function play(scene: Scene): BacktestResult & { readonly fills: readonly SimulatedFill[] } {
  const fills: SimulatedFill[] = [];
  const input: BacktestInput = {
    markets: [{ instrument: COIN, timeframe: '1h', bars: candles(scene.bars), ...scene.market }],
    runs: [
      {
        name: 'scripted',
        strategy: scripted(scene.steps),
        symbols: [COIN.symbol],
        maxHoldingBars: scene.maxHoldingBars ?? null,
      },
    ],
    startingBalance: d(scene.balance ?? '1000'),
    rules: backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction: 0.5 }, ...scene.rules }),
    onFill: (fill) => fills.push(fill),
  };
  return { ...runBacktest(input), fills };
}

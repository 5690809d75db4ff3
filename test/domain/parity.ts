import { columnsOf, type BarColumns } from '../../domain/bar-columns';
import type { ObservationsOf } from '../../domain/observations';
import { decisionOf } from '../../domain/strategies/decide';
import type { PreparedStrategy } from '../../domain/strategies/prepare';
import type { Decision, PositionSide, Reason } from '../../domain/strategy';
import {
  createIndicatorCache,
  seriesColumns,
  type BarsOf,
  type BarSource,
} from '../../domain/strategy-columns';
import { MovingView } from '../../domain/strategy-view';
import { openSimulator, SIMULATION_START_MS } from '../../emulator/market/simulator';

/** A window forgets what a whole series remembers, by less than this part of a number. */
const TOLERANCE = 1e-9;
const DAY_MS = 86_400_000;

const same = (a: number | null, b: number | null): boolean =>
  a === b || Math.abs((a ?? NaN) - (b ?? NaN)) <= TOLERANCE * Math.max(1, Math.abs(a ?? NaN));

/** The same codes with the same numbers. */
export const agreeOnReasons = (a: readonly Reason[], b: readonly Reason[]): boolean =>
  a.length === b.length &&
  a.every(({ code, values = {} }, index) => {
    const other = b[index];
    return (
      other?.code === code &&
      Object.entries(values).every(([name, value]) => same(value, other.values?.[name] ?? NaN))
    );
  });

/** The same kind and reasons with the same numbers, and the same bracket. */
export function agree(a: Decision, b: Decision): boolean {
  if (a.kind === 'enter' && b.kind === 'enter') {
    const prices = ['referencePrice', 'stopPrice', 'targetPrice', 'trailDistance'] as const;
    if (!prices.every((name) => same(a[name], b[name]))) return false;
  }
  if (a.kind !== 'hold' && b.kind !== 'hold' && !same(a.limitPrice ?? null, b.limitPrice ?? null))
    return false;
  return a.kind === b.kind && agreeOnReasons(a.reasons, b.reasons);
}

/** Decides as the backtester does: columns are computed once, and a view moves over them. */
export function decideOnColumns(
  strategy: PreparedStrategy,
  own: BarSource,
  barsOf: BarsOf,
  observed?: ObservationsOf,
): (at: number, side: PositionSide | null) => Decision {
  const columns = seriesColumns(strategy.indicators, own, barsOf, createIndicatorCache(), observed);
  const view = new MovingView(own.symbol, own.timeframe, barsOf(own), columns);
  return (at, side) => {
    view.position = side;
    view.moveTo(at);
    const signal = strategy.onBar(view);
    return decisionOf(signal, strategy.explain(signal, view));
  };
}

/** Minute bars of the simulated market, in quote and base units. */
export function simulatedMinutes(seed: number, days: number): BarColumns {
  const market = openSimulator({ seed, symbols: ['BTCUSDT'] });
  const bars = market.bars('BTCUSDT', SIMULATION_START_MS, SIMULATION_START_MS + days * DAY_MS);
  return columnsOf(
    bars.map(({ openTimeMs, open, high, low, close, volumeLots }) => ({
      openTimeMs,
      ...{ open: open / 100, high: high / 100, low: low / 100, close: close / 100 },
      volume: volumeLots / 100_000,
    })),
  );
}

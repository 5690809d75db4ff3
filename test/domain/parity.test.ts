import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { columnsOf, sliceColumns, type BarColumns } from '../../domain/bar-columns';
import { decideOnWindow, decisionOf } from '../../domain/strategies/decide';
import type { PreparedStrategy } from '../../domain/strategies/prepare';
import { findStrategy, STRATEGIES } from '../../domain/strategies/registry';
import type { Decision, PositionSide } from '../../domain/strategy';
import { createIndicatorCache, seriesColumns } from '../../domain/strategy-columns';
import { MovingView } from '../../domain/strategy-view';
import { resample } from '../../domain/timeframes';
import { openSimulator, SIMULATION_START_MS } from '../../emulator/market/simulator';

/**
 * Every bar of a month through both decision functions: the one that looks at a window, as live trading does, and the one that
 * moves over whole columns, as the backtester does.
 */
const OWN = { symbol: 'BTC/USDT', timeframe: '5m' } as const;
const MONTH_MS = 30 * 86_400_000;
const MONTH_BARS = 30 * 288;

/** The decisions at the close of every bar from the first that can be decided on, holding what they ask for. */
function decisions(
  bars: BarColumns,
  from: number,
  decide: (at: number, side: PositionSide | null) => Decision,
) {
  const found: Decision[] = [];
  let side: PositionSide | null = null;
  for (let at = from; at < bars.length; at += 1) {
    const decision = decide(at, side);
    found.push(decision);
    if (decision.kind === 'enter') side = decision.side;
    if (decision.kind === 'exit') side = null;
  }
  return found;
}

const live = (strategy: PreparedStrategy, bars: BarColumns): readonly Decision[] =>
  decisions(bars, strategy.warmupBars - 1, (at, side) => {
    const window = sliceColumns(bars, at + 1 - strategy.warmupBars, at + 1);
    return decideOnWindow(strategy, OWN, () => window, side);
  });

function tested(strategy: PreparedStrategy, bars: BarColumns): readonly Decision[] {
  const columns = seriesColumns(strategy.indicators, OWN, () => bars, createIndicatorCache());
  const view = new MovingView(OWN.symbol, OWN.timeframe, bars, columns);
  return decisions(bars, strategy.warmupBars - 1, (at, side) => {
    view.position = side;
    view.moveTo(at);
    const signal = strategy.onBar(view);
    return decisionOf(signal, strategy.explain(signal, view));
  });
}

/** A window forgets what a whole series remembers, by less than this part of a number. */
const TOLERANCE = 1e-9;

const same = (a: number | null, b: number | null): boolean =>
  a === b || Math.abs((a ?? NaN) - (b ?? NaN)) <= TOLERANCE * Math.max(1, Math.abs(a ?? NaN));

/** The same kind and reasons with the same numbers, and the same bracket. */
function agree(a: Decision, b: Decision): boolean {
  if (a.kind === 'enter' && b.kind === 'enter') {
    const prices = ['referencePrice', 'stopPrice', 'targetPrice', 'trailDistance'] as const;
    if (!prices.every((name) => same(a[name], b[name]))) return false;
  }
  return (
    a.kind === b.kind &&
    a.reasons.length === b.reasons.length &&
    a.reasons.every(({ code, values = {} }, index) => {
      const other = b.reasons[index];
      return (
        other?.code === code &&
        Object.entries(values).every(([name, value]) => same(value, other.values?.[name] ?? NaN))
      );
    })
  );
}

function simulated(): BarColumns {
  const market = openSimulator({ seed: 11, symbols: ['BTCUSDT'] });
  const bars = market.bars('BTCUSDT', SIMULATION_START_MS, SIMULATION_START_MS + MONTH_MS);
  return columnsOf(
    bars.map(({ openTimeMs, open, high, low, close, volumeLots }) => ({
      openTimeMs,
      ...{ open: open / 100, high: high / 100, low: low / 100, close: close / 100 },
      volume: volumeLots / 100_000,
    })),
  );
}

const recordedFile = join(
  process.env.BALLAST_DATA ?? resolve(__dirname, '../../../shared/data'),
  'spot/1m/BTC_USDT.csv.gz',
);

function recorded(): BarColumns {
  const lines = gunzipSync(readFileSync(recordedFile)).toString('utf8').trim().split('\n').slice(1);
  return columnsOf(
    lines.map((line) => {
      const [openTimeMs = NaN, open = NaN, high = NaN, low = NaN, close = NaN, volume = NaN] = line
        .split(',')
        .map(Number);
      return { openTimeMs, open, high, low, close, volume };
    }),
  );
}

function expectSameDecisions(id: string, minutes: BarColumns): void {
  const { bars } = resample({ timeframe: '1m', bars: minutes }, OWN.timeframe);
  const strategy = findStrategy(id).parse({});
  const [windowed, whole] = [live(strategy, bars), tested(strategy, bars)];
  expect(windowed.length).toBeGreaterThan(MONTH_BARS - 2_000);
  const differing = windowed.flatMap((decision, index) => {
    const other = whole[index];
    return other !== undefined && agree(decision, other) ? [] : [{ index, live: decision, backtest: other }];
  });
  expect(differing.slice(0, 3)).toEqual([]);
  expect(windowed.filter(({ kind }) => kind === 'enter').length).toBeGreaterThan(10);
}

describe.each([
  { market: 'simulated', exists: true, read: simulated },
  { market: 'recorded', exists: existsSync(recordedFile), read: recorded },
])('on every bar of a $market month', ({ exists, read }) => {
  let minutes: BarColumns;
  beforeAll(() => {
    if (exists) minutes = read();
  });

  (exists ? it : it.skip).each(Object.keys(STRATEGIES))(
    '%s decides the same live and in a backtest',
    (id) => {
      expectSameDecisions(id, minutes);
    },
  );
});

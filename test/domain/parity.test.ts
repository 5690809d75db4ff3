import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { lastCloseMs } from '../../domain/bar';
import { columnsOf, firstAtOrAfter, sliceColumns, type BarColumns } from '../../domain/bar-columns';
import { knownBetween, windowOf, type ObservationsOf } from '../../domain/observations';
import { decideOnWindow } from '../../domain/strategies/decide';
import { BUILT_IN_CATALOGUE } from '../../domain/strategies/catalogue';
import { filtersFrom } from '../../domain/strategies/filters/registry';
import { withFilters } from '../../domain/strategies/filters/with-filters';
import type { PreparedStrategy } from '../../domain/strategies/prepare';
import { findStrategy, STRATEGIES } from '../../domain/strategies/registry';
import type { Decision, PositionSide } from '../../domain/strategy';
import { firstDecision, sameSource, type BarNeed, type BarsOf } from '../../domain/strategy-columns';
import { resample } from '../../domain/timeframes';
import { companionOf, observedBetween, SHORT_WARM_UP } from './fixtures';
import { agree, decideOnColumns, simulatedMinutes } from './parity';

/**
 * Every bar of a month through both decision functions: the one that looks at a window, as live trading does, and the one that
 * moves over whole columns, as the backtester does.
 */
const OWN = { symbol: 'BTC/USDT', timeframe: '5m' } as const;
const MONTH_MS = 30 * 86_400_000;
const MONTH_BARS = 30 * 288;
const BAR_MS = 300_000;

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

/** The market decided on, one that belongs to it for strategies that look at two, and what is observed beside both. */
interface Markets {
  /** All bars of the month, of either market and of any timeframe. */
  readonly barsOf: BarsOf;
  readonly observed: ObservationsOf;
}

/** Coarser bars are put together once. */
function barsIn(bars: BarColumns, companion: BarColumns): BarsOf {
  const made = new Map<string, BarColumns>();
  return ({ symbol, timeframe }) => {
    const key = `${symbol} ${timeframe}`;
    const base = { timeframe: OWN.timeframe, bars: symbol === OWN.symbol ? bars : companion };
    const known = made.get(key) ?? resample(base, timeframe).bars;
    made.set(key, known);
    return known;
  };
}

const firstOf = (strategy: PreparedStrategy, { barsOf }: Markets): number =>
  firstDecision(strategy.needs(OWN), OWN, barsOf);

/** The newest bars that have closed by then, as many as are needed: what the activity reads from the journal. */
function windowAt(barsOf: BarsOf, need: BarNeed, closeMs: number): BarColumns {
  const bars = barsOf(need);
  const end = firstAtOrAfter(bars.openTimeMs, lastCloseMs(closeMs, need.timeframe));
  return sliceColumns(bars, Math.max(0, end - need.bars), end);
}

/** Only what the activity would have read of what is observed: as far back as a bar of the window may look, up to its close. */
function live(strategy: PreparedStrategy, markets: Markets): readonly Decision[] {
  const { barsOf, observed } = markets;
  const needs = strategy.needs(OWN);
  return decisions(barsOf(OWN), firstOf(strategy, markets), (at, side) => {
    const nowMs = (barsOf(OWN).openTimeMs[at] ?? NaN) + BAR_MS;
    const windows = needs.map((need) => ({ ...need, window: windowAt(barsOf, need, nowMs) }));
    const windowOfBars: BarsOf = (source) =>
      windows.find((other) => sameSource(other, source))?.window ?? columnsOf([]);
    const firstCloseMs = (windowOfBars(OWN).openTimeMs[0] ?? NaN) + BAR_MS;
    const known = strategy.observes(OWN.symbol).map((need) => ({
      kind: need.kind,
      observations: knownBetween(observed(need), windowOf(need, firstCloseMs, nowMs)),
    }));
    const observationsOf: ObservationsOf = (source) =>
      known.find(({ kind }) => kind === source.kind)?.observations ?? observed(source);
    return decideOnWindow(strategy, OWN, windowOfBars, side, observationsOf);
  });
}

const tested = (strategy: PreparedStrategy, markets: Markets): readonly Decision[] =>
  decisions(
    markets.barsOf(OWN),
    firstOf(strategy, markets),
    decideOnColumns(strategy, OWN, markets.barsOf, markets.observed),
  );

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

function expectSameDecisions(strategy: PreparedStrategy, minutes: BarColumns): readonly Decision[] {
  const { bars } = resample({ timeframe: '1m', bars: minutes }, OWN.timeframe);
  const beginMs = bars.openTimeMs[0] ?? NaN;
  const markets = {
    barsOf: barsIn(bars, companionOf(bars, { step: 0.0015 })),
    observed: observedBetween(beginMs, beginMs + MONTH_MS, 5 * BAR_MS),
  };
  const [windowed, whole] = [live(strategy, markets), tested(strategy, markets)];
  expect(windowed.length).toBeGreaterThan(MONTH_BARS - 2_000);
  const differing = windowed.flatMap((decision, index) => {
    const other = whole[index];
    return other !== undefined && agree(decision, other) ? [] : [{ index, live: decision, backtest: other }];
  });
  expect(differing.slice(0, 3)).toEqual([]);
  expect(windowed.filter(({ kind }) => kind === 'enter').length).toBeGreaterThan(10);
  return windowed;
}

describe.each([
  { market: 'simulated', exists: true, read: () => simulatedMinutes(11, 30) },
  { market: 'recorded', exists: existsSync(recordedFile), read: recorded },
])('on every bar of a $market month', ({ market, exists, read }) => {
  let minutes: BarColumns;
  beforeAll(() => {
    if (exists) minutes = read();
  });

  (exists ? it : it.skip).each(Object.keys(STRATEGIES))(
    '%s decides the same live and in a backtest',
    (id) => {
      expectSameDecisions(findStrategy(id).parse(SHORT_WARM_UP[id] ?? {}), minutes);
    },
  );

  // One market is enough for it: what it adds is the same on both.
  if (market === 'simulated')
    it('rsi sees the same sentiment live and in a backtest', () => {
      const parameters = {
        minMood: -0.2,
        moodMaxAgeHours: 0.5,
        maxFearGreed: 70,
        oversold: 40,
        overbought: 60,
      };
      const decided = expectSameDecisions(findStrategy('rsi').parse(parameters), minutes);
      const codes = new Set(decided.flatMap(({ reasons }) => reasons.map(({ code }) => code)));
      for (const code of ['mood-allows', 'mood-too-low', 'mood-unknown', 'greed-allows', 'greed-too-high'])
        expect(codes).toContain(code);
    });

  // Short periods: what it costs is the length of the windows.
  if (market === 'simulated')
    it('an ensemble votes, and filters judge, the same live and in a backtest', () => {
      const fractions = { stopFraction: 0.01, targetFraction: 0.03 };
      const members = [
        { strategy: 'donchian', parameters: { entryPeriod: 10, exitPeriod: 5, ...fractions }, weight: 2 },
        {
          strategy: 'ema-cross',
          parameters: { fast: 4, slow: 9, minAdx: null, trailAtr: null, ...fractions },
        },
        { strategy: 'rsi', parameters: { period: 5, oversold: 45, overbought: 60, ...fractions } },
      ];
      const filters = filtersFrom([
        { regime: { period: 10, window: 60, regimes: ['normal', 'high'] } },
        { regime: { measure: 'atr', period: 4, window: 60, highFrom: 90 } },
        { confirm: { timeframes: ['15m', '1h'], average: 'sma', period: 10 } },
      ]);
      const ensemble = withFilters(BUILT_IN_CATALOGUE.find('ensemble'), filters);
      const strategy = ensemble.parse({ members, quorum: 0.7, voteBars: 4, ...fractions });
      const decided = expectSameDecisions(strategy, minutes);
      const codes = new Set(decided.flatMap(({ reasons }) => reasons.map(({ code }) => code)));
      for (const code of [
        'vote-passed',
        'vote-failed',
        'rsi-votes',
        'rsi: overbought',
        'donchian: no-breakout',
      ])
        expect(codes).toContain(code);
      for (const code of ['regime', 'regime-refused', 'confirm-15m', 'confirm-1h', 'confirm-1h-refused'])
        expect(codes).toContain(code);
    });
});

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { columnsOf, sliceColumns, type BarColumns } from '../../domain/bar-columns';
import { knownBetween, windowOf, type ObservationsOf } from '../../domain/observations';
import { decideOnWindow } from '../../domain/strategies/decide';
import type { PreparedStrategy } from '../../domain/strategies/prepare';
import { findStrategy, STRATEGIES } from '../../domain/strategies/registry';
import type { Decision, PositionSide } from '../../domain/strategy';
import type { BarsOf } from '../../domain/strategy-columns';
import { resample } from '../../domain/timeframes';
import { companionOf, observedBetween } from './fixtures';
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
  readonly bars: BarColumns;
  readonly companion: BarColumns;
  readonly observed: ObservationsOf;
}

const barsIn =
  ({ bars, companion }: Pick<Markets, 'bars' | 'companion'>): BarsOf =>
  ({ symbol }) =>
    symbol === OWN.symbol ? bars : companion;

/** Only what the activity would have read of what is observed: as far back as a bar of the window may look, up to its close. */
const live = (strategy: PreparedStrategy, { bars, companion, observed }: Markets): readonly Decision[] =>
  decisions(bars, strategy.warmupBars - 1, (at, side) => {
    const windowOfBars = (columns: BarColumns): BarColumns =>
      sliceColumns(columns, at + 1 - strategy.warmupBars, at + 1);
    const window = windowOfBars(bars);
    const [firstCloseMs, closeMs] = [window.openTimeMs[0], window.openTimeMs.at(-1)].map(
      (openMs = NaN) => openMs + BAR_MS,
    );
    const known = strategy.observes(OWN.symbol).map((need) => ({
      kind: need.kind,
      observations: knownBetween(observed(need), windowOf(need, firstCloseMs ?? NaN, closeMs ?? NaN)),
    }));
    const observationsOf: ObservationsOf = (source) =>
      known.find(({ kind }) => kind === source.kind)?.observations ?? observed(source);
    const barsOf = barsIn({ bars: window, companion: windowOfBars(companion) });
    return decideOnWindow(strategy, OWN, barsOf, side, observationsOf);
  });

const tested = (strategy: PreparedStrategy, markets: Markets): readonly Decision[] =>
  decisions(
    markets.bars,
    strategy.warmupBars - 1,
    decideOnColumns(strategy, OWN, barsIn(markets), markets.observed),
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

function expectSameDecisions(id: string, minutes: BarColumns, parameters = {}): readonly Decision[] {
  const { bars } = resample({ timeframe: '1m', bars: minutes }, OWN.timeframe);
  const strategy = findStrategy(id).parse(parameters);
  const beginMs = bars.openTimeMs[0] ?? NaN;
  const markets = {
    bars,
    companion: companionOf(bars, { step: 0.0015 }),
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
      expectSameDecisions(id, minutes);
    },
  );

  // One market is enough for it: what it adds is the same on both.
  if (market === 'simulated')
    it('rsi sees the same sentiment live and in a backtest', () => {
      const decided = expectSameDecisions('rsi', minutes, {
        ...{ minMood: -0.2, moodMaxAgeHours: 1, maxFearGreed: 70, oversold: 40, overbought: 60 },
      });
      const codes = new Set(decided.flatMap(({ reasons }) => reasons.map(({ code }) => code)));
      for (const code of ['mood-allows', 'mood-too-low', 'mood-unknown', 'greed-allows', 'greed-too-high'])
        expect(codes).toContain(code);
    });
});

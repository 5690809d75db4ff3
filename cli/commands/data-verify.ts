import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import type { Recording, SeriesInfo } from '../../adapters/history/port';
import { timeframeMs } from '../../domain/bar';
import { assessQuality, QualityCode, type QualityReport } from '../../domain/quality/quality';
import { describeCandles, PriceKind, type CandleSeriesKey } from '../../domain/series';
import type { Series } from '../../domain/timeframes';
import { defineCommand } from '../command';
import { RefusedError } from '../failure';
import { count, percent } from '../format';
import { withMarketData, type MarketData } from '../market-data';
import { columns } from '../output';
import { createProgress } from '../progress-bar';
import { candleFilterBuilder, candleSeries, type CandleFilter } from '../candle-filter';

interface DataVerifyOptions extends CandleFilter {
  readonly show: number;
}

/** What a series is worth: `bad` holds what cannot be true, `doubtful` what may be. */
type Verdict = 'good' | 'doubtful' | 'bad';

interface Verified {
  readonly series: string;
  readonly verdict: Verdict;
  readonly bars: number;
  readonly missingBars: number;
  readonly counts: Readonly<Record<QualityCode, number>>;
  /** At so many bars a strategy would not have been allowed to enter. */
  readonly blockedBars: number;
  readonly reference: string | null;
  readonly findings: readonly {
    readonly code: QualityCode;
    readonly timeMs: number;
    readonly text: string;
  }[];
}

export const dataVerifyCommand = defineCommand<DataVerifyOptions>({
  command: 'verify',
  describe:
    'Look for gaps, wrong prices and dead feeds in the stored candles; exit code 4 when some cannot be true',
  builder: (yargs): Argv<DataVerifyOptions> =>
    candleFilterBuilder(yargs).option('show', {
      type: 'number',
      default: 3,
      requiresArg: true,
      describe: 'Findings told of each series, the worst first',
    }),
  run: (options) =>
    withMarketData(options, async (data) => {
      const { history, output } = data;
      const all = await history.series();
      const wanted = candleSeries(all, options);
      const progress = createProgress(process.stderr, options.json);
      progress.begin('verifying', wanted.length);
      const verified: Verified[] = [];
      for (const [index, info] of wanted.entries()) {
        progress.update(index, describeCandles(info));
        verified.push(await verify(data, info, all, options.show));
      }
      progress.end();
      const recordings = (await history.recordings()).map(verifyRecording);
      output.result({ series: verified, recordings }, () => {
        print(data, verified, recordings);
      });
      const bad = [...verified, ...recordings].filter(({ verdict }) => verdict === 'bad').length;
      if (bad > 0)
        throw new RefusedError(
          `${bad} of ${verified.length + recordings.length} are bad: their data cannot be true.`,
          'Get them again from another source: ballast data import, or ballast data download.',
        );
    }),
});

async function verify(
  { candles }: MarketData,
  info: CandleSeriesKey,
  all: readonly SeriesInfo[],
  show: number,
): Promise<Verified> {
  const series = await load(candles, info);
  const other = referenceOf(info, all);
  const reference = other === undefined ? undefined : await load(candles, other);
  const report = assessQuality({ series, reference, hasVolume: info.price === PriceKind.Last });
  const counts = Object.fromEntries(Object.values(QualityCode).map((code) => [code, 0])) as Record<
    QualityCode,
    number
  >;
  let missingBars = 0;
  for (const { code, size } of report.findings) {
    counts[code] += 1;
    if (code === QualityCode.Gap) missingBars += size;
  }
  return {
    series: describeCandles(info),
    verdict: verdictOf(counts),
    bars: series.bars.length,
    missingBars,
    counts,
    blockedBars: countBlocked(series, report),
    reference: other === undefined ? null : describeCandles(other),
    findings: worst(report, show).map(({ code, timeMs, text }) => ({ code, timeMs, text })),
  };
}

async function load(candles: MarketData['candles'], key: CandleSeriesKey): Promise<Series> {
  const bars = await candles.load(key);
  if (bars === undefined) throw new Error(`${describeCandles(key)} has vanished while it was read.`);
  return { timeframe: key.timeframe, bars };
}

/** The same market at another venue, else the finest series of its own. */
function referenceOf(key: CandleSeriesKey, all: readonly SeriesInfo[]): CandleSeriesKey | undefined {
  const same = candleSeries(all, { symbol: key.symbol, price: key.price });
  const elsewhere = same.find(({ venue, timeframe }) => venue !== key.venue && timeframe === key.timeframe);
  if (elsewhere !== undefined) return elsewhere;
  const lengthOf = (one: CandleSeriesKey): number => timeframeMs(one.timeframe);
  return same
    .filter((one) => one.venue === key.venue && lengthOf(one) < lengthOf(key))
    .sort((a, b) => lengthOf(a) - lengthOf(b))[0];
}

const IMPOSSIBLE = [QualityCode.Disorder, QualityCode.Ohlc, QualityCode.Divergence] as const;
const DOUBTFUL = [QualityCode.Outlier, QualityCode.NoVolume, QualityCode.Frozen, QualityCode.Gap] as const;

function verdictOf(counts: Readonly<Record<QualityCode, number>>): Verdict {
  if (IMPOSSIBLE.some((code) => counts[code] > 0)) return 'bad';
  return DOUBTFUL.some((code) => counts[code] > 0) ? 'doubtful' : 'good';
}

function countBlocked({ bars }: Series, report: QualityReport): number {
  let blocked = 0;
  for (let index = 0; index < bars.length; index += 1) if (report.blocksAt(index).length > 0) blocked += 1;
  return blocked;
}

const SEVERITY: readonly QualityCode[] = [...IMPOSSIBLE, ...DOUBTFUL, QualityCode.Stale];

const worst = ({ findings }: QualityReport, show: number) =>
  [...findings]
    .sort((a, b) => SEVERITY.indexOf(a.code) - SEVERITY.indexOf(b.code) || b.size - a.size)
    .slice(0, show);

interface VerifiedRecording {
  readonly path: string;
  readonly verdict: Verdict;
  readonly problem: string | null;
}

/** A recording is where it was, and what it was. */
function verifyRecording({ path, sha256 }: Recording): VerifiedRecording {
  try {
    const found = createHash('sha256').update(readFileSync(path)).digest('hex');
    if (found === sha256) return { path, verdict: 'good', problem: null };
    return { path, verdict: 'bad', problem: 'its content has changed since it was imported' };
  } catch {
    return { path, verdict: 'bad', problem: 'the file is not there any more; import it from where it is' };
  }
}

function print(
  { output }: MarketData,
  verified: readonly Verified[],
  recordings: readonly VerifiedRecording[],
): void {
  output.table(
    columns(
      ...['series', '>bars', '>missing', '>disorder', '>ohlc', '>outliers', '>divergent', '>dead'],
      ...['>blocked', 'verdict'],
    ),
    verified.map(({ series, bars, missingBars, counts, blockedBars, verdict }) => [
      series,
      ...[bars, missingBars, counts.disorder, counts.ohlc, counts.outlier, counts.divergence].map(count),
      count(counts['no-volume'] + counts.frozen),
      percent(blockedBars / Math.max(1, bars), 3),
      verdict,
    ]),
    'There are no candles to verify. Get some with: ballast data import DIR',
  );
  for (const { series, findings } of verified)
    for (const { text } of findings) output.say(`${series}: ${text}`);
  for (const { path, problem } of recordings) if (problem !== null) output.say(`${path}: ${problem}`);
  if (verified.length > 0)
    output.say('Blocked: bars at which a strategy would not have been allowed to open a position.');
}

import { timeframeMs, type Bar } from '../bar';
import { barAt } from '../bar-columns';
import type { Reason } from '../strategy';
import { viewFrom, type Series } from '../timeframes';
import { QUALITY_LIMITS } from './limits';
import { findOutliers } from './outliers';

export const QualityCode = {
  /** Bars that are not there. */
  Gap: 'gap',
  /** A bar whose time is not after the one before it. */
  Disorder: 'disorder',
  /** A high below or a low above the other prices, or a price or volume that is none. */
  Ohlc: 'ohlc',
  /** A price far from all before it, which no other source confirms. */
  Outlier: 'outlier',
  /** Another source's price at the same time is another one. */
  Divergence: 'divergence',
  /** Nothing traded for many bars. */
  NoVolume: 'no-volume',
  /** The price did not move at all for many bars. */
  Frozen: 'frozen',
  /** The newest bar is older than it should be. */
  Stale: 'stale',
} as const;
export type QualityCode = (typeof QualityCode)[keyof typeof QualityCode];

/** One thing that is wrong with a series. */
export interface QualityFinding {
  readonly code: QualityCode;
  /** The bar at which it shows. */
  readonly index: number;
  /** Its open time. */
  readonly timeMs: number;
  /** Missing bars, deviations, relative difference, bars in a row: by code. */
  readonly size: number;
  readonly text: string;
}

export interface QualityInput {
  readonly series: Series;
  /** The same market elsewhere, or in finer bars put together: confirms jumps and contradicts wrong prices. */
  readonly reference?: Series | undefined;
  /** Where the reference is, for people. */
  readonly referenceName?: string;
  /** Relative difference of two closes that is still agreement; `QUALITY_LIMITS.maxDivergence` when absent. */
  readonly maxDivergence?: number;
  /** False for prices that are not made of trades. */
  readonly hasVolume?: boolean;
  /** Market time: then the newest bar has to be the one that closed last. */
  readonly nowMs?: number;
}

export interface QualityReport {
  /** Everything that was found, by time. */
  readonly findings: readonly QualityFinding[];
  /**
   * Why no position may be opened at the close of this bar; empty when one may. It depends on that bar and those before it
   * alone. Exits and stops are never blocked: getting out is right with doubtful data too.
   */
  blocksAt(index: number): readonly Reason[];
}

/** Looks at a whole series; its newest bar is what a live cycle asks about. */
export function assessQuality(input: QualityInput): QualityReport {
  const { series } = input;
  const findings = [
    ...findOrderFaults(series),
    ...findPriceFaults(series),
    ...findSuspects(input),
    ...findDeadRuns(input),
    ...findStaleness(input),
  ].sort((a, b) => a.index - b.index);
  const missing = missingInWindow(series);
  return {
    findings,
    blocksAt: (index) => [
      ...(missing(index) > QUALITY_LIMITS.maxMissingBars ? [gapReason(missing(index))] : []),
      ...reasonsAt(findings, index),
    ],
  };
}

/** How many bars a finding blocks entries for, its own included. Gaps are judged together; a dead run lasts as long as it does. */
const BLOCKS_FOR: Readonly<Record<QualityCode, number>> = {
  [QualityCode.Gap]: 0,
  [QualityCode.Disorder]: QUALITY_LIMITS.windowBars,
  [QualityCode.Ohlc]: QUALITY_LIMITS.windowBars,
  [QualityCode.Outlier]: QUALITY_LIMITS.suspectBars,
  [QualityCode.Divergence]: QUALITY_LIMITS.suspectBars,
  [QualityCode.NoVolume]: 1,
  [QualityCode.Frozen]: 1,
  [QualityCode.Stale]: 1,
};

function reasonsAt(findings: readonly QualityFinding[], index: number): readonly Reason[] {
  const newest = new Map<QualityCode, QualityFinding>();
  // Sorted by index: from the first that could still matter to the bar itself.
  for (let at = firstFrom(findings, index - QUALITY_LIMITS.windowBars + 1); at < findings.length; at += 1) {
    const finding = findings[at];
    if (finding === undefined || finding.index > index) break;
    if (index - finding.index < BLOCKS_FOR[finding.code]) newest.set(finding.code, finding);
  }
  return [...newest.values()].map(({ code, size, text }) => ({
    code: `data-${code}`,
    text,
    values: { size },
  }));
}

/** The first finding at or after a bar. */
function firstFrom(findings: readonly QualityFinding[], index: number): number {
  let [low, high] = [0, findings.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((findings[middle]?.index ?? Infinity) < index) low = middle + 1;
    else high = middle;
  }
  return low;
}

const gapReason = (missing: number): Reason => ({
  code: `data-${QualityCode.Gap}`,
  text: `${missing} of the newest ${QUALITY_LIMITS.windowBars} bars are missing`,
  values: { size: missing },
});

/** How many of the newest `windowBars` bars up to one are not there; before the first there is nothing to miss. */
function missingInWindow({ timeframe, bars }: Series): (index: number) => number {
  const length = timeframeMs(timeframe);
  return (index) => {
    const newest = bars.openTimeMs[index] ?? NaN;
    const first = Math.max(newest - (QUALITY_LIMITS.windowBars - 1) * length, bars.openTimeMs[0] ?? NaN);
    let present = 0;
    while (present <= index && (bars.openTimeMs[index - present] ?? NaN) >= first) present += 1;
    return Math.max(0, (newest - first) / length + 1 - present);
  };
}

const utc = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');

function findOrderFaults({ timeframe, bars }: Series): readonly QualityFinding[] {
  const length = timeframeMs(timeframe);
  const found: QualityFinding[] = [];
  for (let index = 1; index < bars.length; index += 1) {
    const timeMs = bars.openTimeMs[index] ?? NaN;
    const before = bars.openTimeMs[index - 1] ?? NaN;
    if (timeMs - before === length) continue;
    if (timeMs <= before)
      found.push({
        ...{ code: QualityCode.Disorder, index, timeMs, size: 1 },
        text: `the bar of ${utc(timeMs)} comes after that of ${utc(before)}`,
      });
    else {
      const size = (timeMs - before) / length - 1;
      const text = `${size} ${size === 1 ? 'bar is' : 'bars are'} missing before ${utc(timeMs)}`;
      found.push({ code: QualityCode.Gap, index, timeMs, size, text });
    }
  }
  return found;
}

/** True for a bar that can be: its prices are positive, high and low enclose the others, and nobody traded less than nothing. */
export const isSound = ({ open, high, low, close, volume }: Omit<Bar, 'openTimeMs'>): boolean =>
  low > 0 &&
  low <= open &&
  low <= close &&
  high >= open &&
  high >= close &&
  high < Infinity &&
  volume >= 0 &&
  volume < Infinity;

function findPriceFaults({ bars }: Series): readonly QualityFinding[] {
  const found: QualityFinding[] = [];
  for (let index = 0; index < bars.length; index += 1) {
    const bar = barAt(bars, index);
    if (isSound(bar)) continue;
    const { openTimeMs: timeMs, open, high, low, close, volume } = bar;
    const text = `the bar of ${utc(timeMs)} has open ${open}, high ${high}, low ${low}, close ${close}, volume ${volume}`;
    found.push({ code: QualityCode.Ohlc, index, timeMs, size: 1, text });
  }
  return found;
}

/** Outliers that nothing confirms, and prices that the reference contradicts. */
function findSuspects({
  series,
  reference,
  referenceName,
  maxDivergence = QUALITY_LIMITS.maxDivergence,
}: QualityInput): readonly QualityFinding[] {
  const { bars } = series;
  const isClose = (mine: number, theirs: number): boolean => Math.abs(mine / theirs - 1) <= maxDivergence;
  const there = referenceName === undefined ? 'elsewhere' : `at ${referenceName}`;
  const other = reference === undefined ? undefined : closesAlongside(series, reference);
  const found: QualityFinding[] = [];
  for (const { index, move, deviations } of findOutliers(series)) {
    const timeMs = bars.openTimeMs[index] ?? NaN;
    if (other !== undefined && isClose(bars.close[index] ?? NaN, other[index] ?? NaN)) continue;
    const far = Number.isFinite(deviations) ? `${deviations.toFixed(0)} times` : 'infinitely many times';
    const text = `the close of ${utc(timeMs)} moved by ${(move * 100).toFixed(1)} %, ${far} the usual deviation`;
    found.push({ code: QualityCode.Outlier, index, timeMs, size: deviations, text });
  }
  for (let index = 0; other !== undefined && index < bars.length; index += 1) {
    const [mine, theirs] = [bars.close[index] ?? NaN, other[index] ?? NaN];
    if (Number.isNaN(theirs) || isClose(mine, theirs)) continue;
    const timeMs = bars.openTimeMs[index] ?? NaN;
    const text = `the close of ${utc(timeMs)} is ${mine} here and ${theirs} ${there}`;
    found.push({ code: QualityCode.Divergence, index, timeMs, size: Math.abs(mine / theirs - 1), text });
  }
  return found;
}

/** The reference's close of the same instant as each bar's; NaN where it has none. */
function closesAlongside(series: Series, reference: Series): Float64Array {
  const { closed, bars: other } = viewFrom(series, reference);
  const offset = timeframeMs(series.timeframe) - timeframeMs(reference.timeframe);
  return Float64Array.from(closed, (at, index) => {
    const isSameInstant = other.openTimeMs[at] === (series.bars.openTimeMs[index] ?? NaN) + offset;
    return isSameInstant ? (other.close[at] ?? NaN) : NaN;
  });
}

/** Runs of bars in which nothing happened; one finding for each bar of a run from the one that makes it too long. */
function findDeadRuns({ series, hasVolume = true }: QualityInput): readonly QualityFinding[] {
  const { bars } = series;
  const found: QualityFinding[] = [];
  let [silent, frozen] = [0, 0];
  for (let index = 0; index < bars.length; index += 1) {
    const close = bars.close[index] ?? NaN;
    const isStill =
      bars.high[index] === close &&
      bars.low[index] === close &&
      (index === 0 || bars.close[index - 1] === close);
    frozen = isStill ? frozen + 1 : 0;
    silent = hasVolume && bars.volume[index] === 0 ? silent + 1 : 0;
    const timeMs = bars.openTimeMs[index] ?? NaN;
    if (silent >= QUALITY_LIMITS.maxDeadBars)
      found.push({
        ...{ code: QualityCode.NoVolume, index, timeMs, size: silent },
        text: `nothing traded in ${silent} bars up to that of ${utc(timeMs)}`,
      });
    if (frozen >= QUALITY_LIMITS.maxDeadBars)
      found.push({
        ...{ code: QualityCode.Frozen, index, timeMs, size: frozen },
        text: `the price stood still at ${close} for ${frozen} bars up to that of ${utc(timeMs)}`,
      });
  }
  return found;
}

function findStaleness({ series, nowMs }: QualityInput): readonly QualityFinding[] {
  const { bars, timeframe } = series;
  const index = bars.length - 1;
  if (nowMs === undefined || index < 0) return [];
  const timeMs = bars.openTimeMs[index] ?? NaN;
  const size = Math.floor((nowMs - timeMs) / timeframeMs(timeframe)) - 1;
  if (size < 1) return [];
  const text = `the newest bar is that of ${utc(timeMs)}, ${size} ${size === 1 ? 'bar' : 'bars'} too old`;
  return [{ code: QualityCode.Stale, index, timeMs, size, text }];
}

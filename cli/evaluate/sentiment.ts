import type { HeadlineScore, HeadlineScorer } from '../../adapters/news/port';
import { intervals, stationaryBootstrap } from '../../backtest/truth/resampling';
import {
  judgementQuality,
  majority,
  type Direction,
  type Judgement,
  type JudgementQuality,
} from '../../domain/news/judgements';
import { quantile } from '../../domain/statistics';
import type { LabelledHeadline } from './labelled-headlines';

/** Share of the bootstrap's samples that lie between `low` and `high`. */
const CONFIDENCE = 0.95;

/** Somebody whose judgements are compared. */
export interface Judge {
  /** What the results are keyed by. */
  readonly key: string;
  readonly scorer: HeadlineScorer;
  /** Headlines that it is given at once. */
  readonly batch: number;
  /** Asked once before time is taken, so that loading is no part of it. */
  readonly warmUp: boolean;
}

/** How long the batches took, on the wall; apart from the rest, which is the same each time. */
export interface JudgeLatency {
  readonly batch: number;
  readonly perHeadlineMs: number;
  readonly medianBatchMs: number;
  readonly p95BatchMs: number;
}

/** The figures, and of each the ends of its 95 % interval; null where it is not defined. */
export interface JudgeResult extends JudgementQuality {
  /** To the hash of a local model and the version of the prompt. */
  readonly scorer: string;
  readonly rows: number;
  /** Rows with an answer. */
  readonly answered: number;
  /** How many rows got each label. */
  readonly labels: Readonly<Record<'bearish' | 'neutral' | 'bullish', number>>;
  readonly intervals: Readonly<
    Record<keyof JudgementQuality, readonly [low: number | null, high: number | null]>
  >;
}

const DIRECTION = { bearish: -1, neutral: 0, bullish: 1 } as const;

/** The label that is the most frequent one of the rows, for all of them: what knowing nothing comes to. */
export function majorityJudge(rows: readonly LabelledHeadline[]): Judge {
  const truth = majority(rows.map((row) => row.truth));
  const label = ({ [-1]: 'bearish', 0: 'neutral', 1: 'bullish' } as const)[truth];
  const scorer: HeadlineScorer = {
    name: `always ${label}`,
    score: (headlines) => Promise.resolve(headlines.map(() => ({ label, sentiment: truth }))),
  };
  return { key: 'majority', scorer, batch: rows.length, warmUp: false };
}

/** Lets one judge judge all rows, and compares. The same judgements and seed give the same figures. */
export async function evaluateJudge(
  { scorer, batch, warmUp }: Judge,
  rows: readonly LabelledHeadline[],
  options: {
    readonly runs: number;
    readonly seed: number;
    readonly signal: AbortSignal;
    /** Monotonic milliseconds. */
    readonly nowMs: () => number;
    readonly progress: (done: number) => void;
  },
): Promise<{ readonly result: JudgeResult; readonly latency: JudgeLatency }> {
  const judgements: Judgement[] = [];
  const times: number[] = [];
  const [first] = rows;
  if (warmUp && first !== undefined) await scorer.score([first.text], options.signal);
  for (let at = 0; at < rows.length; at += batch) {
    const part = rows.slice(at, at + batch);
    const startedMs = options.nowMs();
    const scores = await scorer.score(
      part.map(({ text }) => text),
      options.signal,
    );
    times.push(options.nowMs() - startedMs);
    judgements.push(...part.map(({ truth }, index) => judgementOf(truth, scores[index] ?? null)));
    options.progress(judgements.length);
  }
  const { runs, seed } = options;
  const found = intervals({
    values: judgements,
    statistics: (values): Record<keyof JudgementQuality, number | null> => ({ ...judgementQuality(values) }),
    // Rows know nothing of each other: the ordinary bootstrap.
    resample: stationaryBootstrap(1),
    ...{ runs, seed, confidence: CONFIDENCE },
  });
  const interval = (name: keyof JudgementQuality) => [found[name].low, found[name].high] as const;
  const labelled = (label: Direction): number =>
    judgements.filter(({ answer }) => answer?.label === label).length;
  return {
    result: {
      scorer: scorer.name,
      rows: rows.length,
      answered: judgements.filter(({ answer }) => answer !== null).length,
      labels: { bearish: labelled(-1), neutral: labelled(0), bullish: labelled(1) },
      ...judgementQuality(judgements),
      intervals: {
        accuracy: interval('accuracy'),
        macroF1: interval('macroF1'),
        direction: interval('direction'),
        correlation: interval('correlation'),
        calibrationError: interval('calibrationError'),
        squaredError: interval('squaredError'),
      },
    },
    latency: {
      batch: Math.min(batch, rows.length),
      perHeadlineMs: times.reduce((total, ms) => total + ms, 0) / rows.length,
      medianBatchMs: quantile(times, 0.5),
      p95BatchMs: quantile(times, 0.95),
    },
  };
}

const judgementOf = (truth: Direction, score: HeadlineScore | null): Judgement => ({
  truth,
  answer: score === null ? null : { label: DIRECTION[score.label], sentiment: score.sentiment },
});

import { correlation, mean, sum } from '../statistics';

/** What a headline says of a price: −1 bearish, 0 neutral, 1 bullish. */
export type Direction = -1 | 0 | 1;
const DIRECTIONS: readonly Direction[] = [-1, 0, 1];

/** What somebody made of a headline, and what people said of it. */
export interface Judgement {
  readonly truth: Direction;
  /** Null is no answer. */
  readonly answer: {
    readonly label: Direction;
    /** From −1 to 1. */
    readonly sentiment: number;
  } | null;
}

/** How good judgements are; null where a figure is not defined. */
export interface JudgementQuality {
  /** Share of all rows whose label is the true one; a row without an answer is wrong. */
  readonly accuracy: number | null;
  /** Mean F1 of the labels that occur in the truth or the answers. */
  readonly macroF1: number | null;
  /** Of the rows where truth and answer both have a direction: share in which it is the same. */
  readonly direction: number | null;
  /** Pearson's, of sentiment and truth (−1, 0, 1), over the answered rows. */
  readonly correlation: number | null;
  /**
   * Expected calibration error of the sentiment: over ten bins of equal width from −1 to 1, the distance between mean sentiment and mean
   * truth, weighted by the rows in the bin (M. Naeini, G. Cooper, M. Hauskrecht, AAAI 2015, for a probability). 0 is: of headlines judged
   * 0.4, bullish ones outweigh bearish ones by 0.4 on average.
   */
  readonly calibrationError: number | null;
  /** Mean squared distance of sentiment and truth over the answered rows, as Brier's of a probability. */
  readonly squaredError: number | null;
}

const BINS = 10;
const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
const share = <T>(items: readonly T[], holds: (item: T) => boolean): number | null =>
  items.length === 0 ? null : items.filter(holds).length / items.length;

export function judgementQuality(rows: readonly Judgement[]): JudgementQuality {
  const answered = rows.flatMap(({ truth, answer }) => (answer === null ? [] : [{ truth, ...answer }]));
  const directed = answered.filter(({ truth, label }) => truth !== 0 && label !== 0);
  const truths = answered.map(({ truth }) => truth);
  const sentiments = answered.map(({ sentiment }) => sentiment);
  return {
    accuracy: share(rows, ({ truth, answer }) => truth === answer?.label),
    macroF1: macroF1(rows),
    direction: share(directed, ({ truth, label }) => truth === label),
    correlation: orNull(correlation(sentiments, truths)),
    calibrationError: orNull(calibrationError(sentiments, truths)),
    squaredError: orNull(mean(answered.map(({ truth, sentiment }) => (sentiment - truth) ** 2))),
  };
}

function macroF1(rows: readonly Judgement[]): number | null {
  const scores = DIRECTIONS.flatMap((label) => {
    const actual = rows.filter(({ truth }) => truth === label).length;
    const told = rows.filter(({ answer }) => answer?.label === label).length;
    const both = rows.filter(({ truth, answer }) => truth === label && answer?.label === label).length;
    return actual + told === 0 ? [] : [(2 * both) / (actual + told)];
  });
  return scores.length === 0 ? null : mean(scores);
}

function calibrationError(sentiments: readonly number[], truths: readonly number[]): number {
  const bins = Array.from({ length: BINS }, () => ({ rows: 0, sentiment: 0, truth: 0 }));
  for (const [index, sentiment] of sentiments.entries()) {
    const bin = bins[Math.min(BINS - 1, Math.max(0, Math.floor(((sentiment + 1) / 2) * BINS + 1e-9)))];
    if (bin === undefined) continue;
    bin.rows += 1;
    bin.sentiment += sentiment;
    bin.truth += truths[index] ?? 0;
  }
  return sum(bins.map(({ sentiment, truth }) => Math.abs(sentiment - truth))) / sentiments.length;
}

/** The label that most rows have, for each of them; of equally many the most neutral, then the bearish. */
export function majority(truths: readonly Direction[]): Direction {
  const count = (label: Direction): number => truths.filter((truth) => truth === label).length;
  return [0, -1, 1].reduce<Direction>(
    (best, label) => (count(label as Direction) > count(best) ? (label as Direction) : best),
    0,
  );
}

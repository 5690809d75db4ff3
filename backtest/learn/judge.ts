import { UserError } from '../../domain/errors';
import { blockFor, intervals, stationaryBootstrap, type Interval } from '../truth/resampling';
import { logLossOf } from './booster';
import { reliability, scoring, type ReliabilityRow, type Scoring } from './scoring';

/** What was said of an example that was not learnt from, and what became of it. */
export interface Told {
  readonly closeMs: number;
  readonly probability: number;
  readonly label: number;
  /** Net of fees, of what was put in. */
  readonly net: number;
  /** Share of ones among the examples that were learnt from. */
  readonly baseRate: number;
}

export interface Judgement extends Omit<Scoring, 'baseLogLoss' | 'baseBrier'> {
  readonly baseLogLoss: number;
  readonly baseBrier: number;
  readonly reliability: readonly ReliabilityRow[];
  /** How much lower the mean log-loss is than that of the base rate, by resampling; above zero is better. */
  readonly improvement: Interval;
  /** Examples at or above the threshold, and what they brought on average, as all did. */
  readonly threshold: number;
  readonly chosen: number;
  readonly chosenNet: Interval;
  readonly allNet: number;
  readonly isBetter: boolean;
  /** For people. */
  readonly verdict: string;
}

const GROUPS = 10;
const RUNS = 1_000;
const CONFIDENCE = 0.9;

/** Examples that stand close together in time, summed: they share prices, so they are drawn together. */
interface Group {
  readonly examples: number;
  readonly improvement: number;
  readonly chosen: number;
  readonly net: number;
}

/**
 * Whether probabilities are better than always saying the base rate, and what came of following them. Intervals are those of a
 * stationary bootstrap of groups of examples, so that what belongs together in time stays together.
 * @param groupMs how long outcomes overlap
 * @throws UserError when nothing was told
 */
export function judge(options: {
  readonly told: readonly Told[];
  readonly threshold: number;
  readonly groupMs: number;
  readonly seed: number;
}): Judgement {
  const { told, threshold, groupMs, seed } = options;
  if (told.length === 0) throw new UserError('There is no fold to judge by.', 'Give at least 2 --folds.');
  const probabilities = Float64Array.from(told, ({ probability }) => probability);
  const labels = Uint8Array.from(told, ({ label }) => label);
  const base = meanOf(told, ({ baseRate }) => baseRate);
  const groups = groupsOf(told, threshold, groupMs);
  const { improvement, chosenNet } = intervals({
    values: groups,
    statistics: statisticsOf,
    resample: stationaryBootstrap(blockFor(groups.length)),
    ...{ runs: RUNS, seed, confidence: CONFIDENCE },
  });
  const allNet = meanOf(told, ({ net }) => net);
  const judged = {
    ...scoring(probabilities, labels, base),
    baseLogLoss: meanOf(told, ({ baseRate, label }) => logLossOf(baseRate, label)),
    baseBrier: meanOf(told, ({ baseRate, label }) => (baseRate - label) ** 2),
    reliability: reliability(probabilities, labels, GROUPS),
    ...{ improvement, threshold, chosenNet, allNet },
    chosen: groups.reduce((total, { chosen }) => total + chosen, 0),
    isBetter: (improvement.low ?? -Infinity) > 0,
  };
  return { ...judged, verdict: verdictOf(judged) };
}

const meanOf = (told: readonly Told[], pick: (one: Told) => number): number =>
  told.reduce((total, one) => total + pick(one), 0) / told.length;

function groupsOf(told: readonly Told[], threshold: number, groupMs: number): readonly Group[] {
  const groups = new Map<number, Group>();
  for (const { closeMs, probability, label, net, baseRate } of told) {
    const key = Math.floor(closeMs / groupMs);
    const before = groups.get(key) ?? { examples: 0, improvement: 0, chosen: 0, net: 0 };
    const isChosen = probability >= threshold;
    groups.set(key, {
      examples: before.examples + 1,
      improvement: before.improvement + logLossOf(baseRate, label) - logLossOf(probability, label),
      chosen: before.chosen + (isChosen ? 1 : 0),
      net: before.net + (isChosen ? net : 0),
    });
  }
  return [...groups.values()];
}

function statisticsOf(groups: readonly Group[]): { improvement: number; chosenNet: number | null } {
  let [examples, improvement, chosen, net] = [0, 0, 0, 0];
  for (const group of groups) {
    examples += group.examples;
    improvement += group.improvement;
    chosen += group.chosen;
    net += group.net;
  }
  return { improvement: improvement / examples, chosenNet: chosen === 0 ? null : net / chosen };
}

function verdictOf(
  judged: Pick<Judgement, 'isBetter' | 'improvement' | 'baseLogLoss' | 'chosen' | 'chosenNet' | 'allNet'>,
): string {
  const { isBetter, improvement, baseLogLoss, chosen, chosenNet, allNet } = judged;
  const share = (value: number | null): string => `${((100 * (value ?? NaN)) / baseLogLoss).toFixed(2)} %`;
  const range = `${share(improvement.observed)} of its log-loss (90 % interval ${share(improvement.low)} to ${share(improvement.high)})`;
  const knows = isBetter
    ? `Better than the base rate by ${range}.`
    : `No better than the base rate: the difference is ${range}, which may be chance.`;
  if (chosen === 0) return `${knows} It would have entered nothing.`;
  const net = (value: number | null): string => `${(100 * (value ?? NaN)).toFixed(3)} %`;
  const pays = (chosenNet.low ?? -Infinity) > 0;
  const brought = `Its ${chosen} entries brought ${net(chosenNet.observed)} each on average after fees (${net(chosenNet.low)} to ${net(chosenNet.high)}), all candidates ${net(allNet)}`;
  return `${knows} ${brought}: ${pays ? 'a gain that chance hardly explains.' : 'no gain that is more than chance.'}`;
}

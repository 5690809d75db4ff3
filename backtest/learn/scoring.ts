import { logLossOf } from './booster';

/** How good probabilities are, with what would be had by always saying the base rate. Lower is better but for the AUC. */
export interface Scoring {
  readonly examples: number;
  /** Share of ones. */
  readonly rate: number;
  readonly logLoss: number;
  readonly baseLogLoss: number;
  /** Mean squared error of the probability (G. Brier, 1950). */
  readonly brier: number;
  readonly baseBrier: number;
  /** Probability that a one is ranked above a zero; null without both. */
  readonly auc: number | null;
}

/** @param baseRate the share of ones known beforehand, from the examples learnt from */
export function scoring(probabilities: Float64Array, labels: Uint8Array, baseRate: number): Scoring {
  const examples = labels.length;
  const mean = (value: (index: number) => number): number => {
    let total = 0;
    for (let index = 0; index < examples; index += 1) total += value(index);
    return total / examples;
  };
  const label = (index: number): number => labels[index] ?? 0;
  const told = (index: number): number => probabilities[index] ?? NaN;
  return {
    examples,
    rate: mean(label),
    logLoss: mean((index) => logLossOf(told(index), label(index))),
    baseLogLoss: mean((index) => logLossOf(baseRate, label(index))),
    brier: mean((index) => (told(index) - label(index)) ** 2),
    baseBrier: mean((index) => (baseRate - label(index)) ** 2),
    auc: areaUnderCurve(probabilities, labels),
  };
}

/** By ranks, ties shared (the Mann–Whitney statistic). */
export function areaUnderCurve(probabilities: Float64Array, labels: Uint8Array): number | null {
  const order = Array.from(probabilities, (probability, index) => ({
    probability,
    label: labels[index] ?? 0,
  }));
  order.sort((a, b) => a.probability - b.probability);
  const ones = order.filter(({ label }) => label === 1).length;
  const zeros = order.length - ones;
  if (ones === 0 || zeros === 0) return null;
  let rankSum = 0;
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && order[to]?.probability === order[from]?.probability) to += 1;
    const tied = order.slice(from, to).filter(({ label }) => label === 1).length;
    rankSum += (tied * (from + 1 + to)) / 2;
  }
  return (rankSum - (ones * (ones + 1)) / 2) / (ones * zeros);
}

/** Examples of which about the same was said. */
export interface ReliabilityRow {
  readonly examples: number;
  /** Mean probability told, and share of ones that there were. */
  readonly told: number;
  readonly found: number;
}

/** Examples in the order of what was said of them, in equally large groups: told and found are the same where it can be believed. */
export function reliability(
  probabilities: Float64Array,
  labels: Uint8Array,
  groups: number,
): readonly ReliabilityRow[] {
  const order = Array.from(probabilities, (told, index) => ({ told, label: labels[index] ?? 0 }));
  order.sort((a, b) => a.told - b.told);
  return Array.from({ length: groups }, (_, group) => {
    const [from, to] = [group, group + 1].map((place) => Math.floor((place * order.length) / groups));
    const members = order.slice(from, to);
    const total = (pick: (one: (typeof order)[number]) => number): number =>
      members.reduce((sum, one) => sum + pick(one), 0) / members.length;
    return { examples: members.length, told: total(({ told }) => told), found: total(({ label }) => label) };
  }).filter(({ examples }) => examples > 0);
}

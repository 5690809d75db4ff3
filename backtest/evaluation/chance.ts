import { hash32, RandomStream } from '../../domain/random';
import { mean } from '../../domain/statistics';
import { createIndicatorCache } from '../../domain/strategy-columns';
import { runBacktest, type BacktestInput } from '../backtest';
import type { Said } from './rounds';

/** How often chance does as well with the same answers. */
export interface ChanceTest {
  readonly runs: number;
  /** Growth of the money, ln(final / starting), on average over seeds: with the answers where they were given, and in the middle of chance. */
  readonly observed: number;
  readonly median: number;
  /** (1 + runs at least as good) / (1 + runs), never zero (Phipson and Smyth 2010). */
  readonly pValue: number;
}

/** One seed: what is traded, and what was said in it. */
export interface AnsweredSeed {
  readonly seed: number;
  readonly input: BacktestInput;
  readonly said: readonly Said[];
  readonly finalEquity: number;
}

/**
 * Whether it matters about which entries something was said. Who vetoes half of the entries of a strategy that loses money loses half as much,
 * by throwing coins too; so the same answers are dealt out anew, in as many runs of the same engine, to entries by chance. What an arm has
 * above that is what it knows about the entries; the rest is trading less.
 *
 * Costs of models are in neither side.
 * @returns null when all answers are the same: then there is nothing to deal
 */
export function againstChance(
  seeds: readonly AnsweredSeed[],
  options: { readonly runs: number; readonly seed: number; readonly onRun?: (done: number) => void },
): ChanceTest | null {
  const { runs, seed, onRun = () => undefined } = options;
  const words = new Set(seeds.flatMap(({ said }) => said.map(({ sizeFactor }) => sizeFactor)));
  if (words.size < 2) return null;
  const observed = mean(seeds.map(({ input, finalEquity }) => growth(input, finalEquity)));
  const shared = seeds.map((one) => ({
    ...one,
    input: { ...one.input, compute: one.input.compute ?? createIndicatorCache() },
  }));
  const chance = Array.from({ length: runs }, (_, run) => {
    const growths = shared.map((one) =>
      growth(one.input, runDealt(one, hash32(seed, run, one.seed)).finalEquity),
    );
    onRun(run + 1);
    return mean(growths);
  });
  const sorted = chance.toSorted((a, b) => a - b);
  const asGood = chance.filter((value) => value >= observed).length;
  return {
    runs,
    observed,
    median: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    pValue: (1 + asGood) / (1 + runs),
  };
}

/** Each entry hears one of the answers, any as likely: other answers lead to other entries, so they cannot each be dealt once. */
function runDealt({ input, said }: AnsweredSeed, seed: number) {
  const random = new RandomStream(seed);
  return runBacktest({
    ...input,
    counsel: () => said[Math.floor(random.uniform() * said.length)]?.sizeFactor ?? null,
  });
}

const growth = ({ startingBalance }: BacktestInput, finalEquity: number): number =>
  Math.log(finalEquity / Number(startingBalance));

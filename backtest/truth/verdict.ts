import { percent, thousands } from '../../domain/display';
import type { Assessment } from './assessment';
import { didAsWell, LEAST_CASES, tooFewDays } from './doubts';

/** What a result comes to, in one word. */
export const VerdictKind = {
  /** It lost money. */
  Loses: 'loses',
  /** Too short or too few trades to tell anything. */
  TooLittle: 'too-little',
  /** Nothing here that chance could not have done. */
  Luck: 'luck',
  /** Nothing here says that it was luck. */
  Holds: 'holds',
} as const;
export type VerdictKind = (typeof VerdictKind)[keyof typeof VerdictKind];

export interface Verdict {
  readonly kind: VerdictKind;
  /** For people: the verdict first, then what it rests on, then what it does not say. */
  readonly sentences: readonly string[];
}

/** What is looked at. */
export interface VerdictInput {
  readonly assessment: Assessment;
  readonly trades: number;
  readonly days: number;
  /** The return of the whole, as a fraction. */
  readonly totalReturn: number;
}

/** Says in plain words what can be believed of a result, and why. The confidence is that of the assessment. */
export function verdictOf(input: VerdictInput): Verdict {
  const doubts = [...sampleDoubts(input)];
  const luck = luckDoubts(input);
  const kind = kindOf(input, doubts, luck);
  return {
    kind,
    sentences: [HEADS[kind], ...doubts, ...luck, ...supports(input), ...LIMITS[kind]],
  };
}

const HEADS: Readonly<Record<VerdictKind, string>> = {
  [VerdictKind.Loses]: 'It lost money: there is nothing to be believed in.',
  [VerdictKind.TooLittle]: 'Too little to tell: whatever the numbers say, the sample is too small.',
  [VerdictKind.Luck]: 'Chance could have done it.',
  [VerdictKind.Holds]: 'Nothing here says that it was luck.',
};

const LIMITS: Readonly<Record<VerdictKind, readonly string[]>> = {
  [VerdictKind.Loses]: [],
  [VerdictKind.TooLittle]: ['Test more years or more pairs before anything is concluded.'],
  [VerdictKind.Luck]: [],
  [VerdictKind.Holds]: [
    'That is so for these bars and these costs alone, and only if every setting that was tried is counted in --trials. Walk forward next.',
  ],
};

function kindOf(
  { totalReturn }: VerdictInput,
  sample: readonly string[],
  luck: readonly string[],
): VerdictKind {
  if (totalReturn <= 0) return VerdictKind.Loses;
  if (sample.length > 0) return VerdictKind.TooLittle;
  return luck.length > 0 ? VerdictKind.Luck : VerdictKind.Holds;
}

function* sampleDoubts({ assessment, trades, days }: VerdictInput): Generator<string> {
  if (trades < LEAST_CASES)
    yield `There are ${thousands(trades, 0)} trades; below ${LEAST_CASES} the metrics of trades say nothing.`;
  yield* tooFewDays(days);
  const needed = assessment.sharpe.minimumTrackRecordDays;
  if (needed !== null && needed > days)
    yield `A Sharpe ratio like this one takes ${thousands(needed, 0)} days to be above zero with ${percent(assessment.confidence, 0)} confidence; there are ${days.toFixed(0)}.`;
}

/** What chance could have done as well. */
function luckDoubts({ assessment }: VerdictInput): readonly string[] {
  const { confidence, intervals, sharpe, entries } = assessment;
  const [low, high] = [intervals.totalReturn?.low ?? null, intervals.totalReturn?.high ?? null];
  const doubts: string[] = [];
  if (low !== null && high !== null && low <= 0)
    doubts.push(
      `Days like these might as well have made ${percent(low, 1)} as ${percent(high, 1)}: ${percent(confidence, 0)} of the bootstrap samples lie between, and zero with them.`,
    );
  if (sharpe.deflated !== null && sharpe.deflated < confidence)
    doubts.push(
      `${sharpe.trials > 1 ? `As the best of ${thousands(sharpe.trials, 0)} trials its` : 'Its'} Sharpe ratio is above zero with a probability of ${percent(sharpe.deflated, 0)}, less than ${percent(confidence, 0)}.`,
    );
  if (entries && entries.pValue > 1 - confidence)
    doubts.push(`Entries by chance ${didAsWell(entries)}: when it enters adds little to how it leaves.`);
  return doubts;
}

/** What speaks for it, with its numbers. */
function supports({ assessment }: VerdictInput): readonly string[] {
  const { confidence, intervals, sharpe, entries, barDrawdown } = assessment;
  const said: string[] = [];
  const low = intervals.totalReturn?.low ?? null;
  if (low !== null && low > 0)
    said.push(`Even the low end of the bootstrap's ${percent(confidence, 0)} made ${percent(low, 1)}.`);
  if (sharpe.deflated !== null && sharpe.deflated >= confidence)
    said.push(
      `Its Sharpe ratio is above zero with a probability of ${percent(sharpe.deflated, 1)}${sharpe.trials > 1 ? `, as the best of ${thousands(sharpe.trials, 0)} trials` : ''}.`,
    );
  if (entries && entries.pValue <= 1 - confidence)
    said.push(
      `It made ${thousands(entries.observed)}; entries by chance made ${thousands(entries.median)} in the middle, and as much in ${percent(entries.pValue, 1)} of ${thousands(entries.runs, 0)} runs.`,
    );
  const unlucky = assessment.order.maxDrawdown?.high ?? null;
  if (barDrawdown && unlucky !== null)
    said.push(
      `Its deepest fall was ${percent(barDrawdown.fraction, 1)} from close to close; the same trades in an unlucky order fall ${percent(unlucky, 1)}.`,
    );
  return said;
}

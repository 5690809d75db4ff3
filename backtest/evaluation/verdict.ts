import { percent, thousands } from '../../domain/display';
import { didAsWell, LEAST_CASES, tooFewDays } from '../truth/doubts';
import type { Interval } from '../truth/resampling';
import type { ChanceTest } from './chance';

/** What an arm is worth beside another, in one word. */
export const WorthKind = {
  /** It did the same every day. */
  ChangesNothing: 'changes-nothing',
  /** Too short, or asked too rarely, to tell anything. */
  TooLittle: 'too-little',
  /** Nothing here that chance could not have done. */
  AddsNothing: 'adds-nothing',
  Harms: 'harms',
  /** It is better, and may know the period from its training. */
  Unproven: 'unproven',
  Adds: 'adds',
} as const;
export type WorthKind = (typeof WorthKind)[keyof typeof WorthKind];

export interface Worth {
  readonly kind: WorthKind;
  /** For people: the verdict first, then what it rests on. */
  readonly sentences: readonly string[];
}

export interface WorthInput {
  /** Names for people: `panel`, `rules only`. */
  readonly arm: string;
  readonly base: string;
  readonly unchanged: boolean;
  /** Of the growth, as `pairedDifferences` gives it. */
  readonly growth: Interval;
  readonly confidence: number;
  readonly days: number;
  /** Proposals that somebody was asked about; null for an arm that asks nobody. */
  readonly proposals: number | null;
  /** Null when there is nothing to deal out by chance. */
  readonly chance: ChanceTest | null;
  /** Models that may remember the period, or whose cut-off nobody knows. */
  readonly hindsight: readonly string[];
}

/** Says in plain words what an arm adds. Without an interval that leaves zero out, nothing is said to be added. */
export function worthOf(input: WorthInput): Worth {
  const doubts = sampleDoubts(input);
  const kind = kindOf(input, doubts);
  return {
    kind,
    sentences: [headOf(kind, input), ...doubts, ...groundsOf(input, kind), ...hindsightOf(input)],
  };
}

function kindOf(input: WorthInput, doubts: readonly string[]): WorthKind {
  const { unchanged, growth, chance, confidence, hindsight } = input;
  if (unchanged) return WorthKind.ChangesNothing;
  if (doubts.length > 0) return WorthKind.TooLittle;
  const { low, high } = growth;
  if (low === null || high === null) return WorthKind.TooLittle;
  if (high < 0) return WorthKind.Harms;
  if (low <= 0 || (chance !== null && chance.pValue > 1 - confidence)) return WorthKind.AddsNothing;
  return hindsight.length > 0 ? WorthKind.Unproven : WorthKind.Adds;
}

function headOf(kind: WorthKind, { arm, base, growth, confidence }: WorthInput): string {
  const [observed, low, high] = [growth.observed, growth.low, growth.high].map((value) =>
    value === null ? '–' : signed(value),
  );
  const measured = `${observed ?? '–'} beside ${base}, ${percent(confidence, 0)} interval ${low ?? '–'} to ${high ?? '–'}`;
  switch (kind) {
    case WorthKind.ChangesNothing:
      return `${arm} adds nothing: it did on every day exactly what ${base} did (${measured}).`;
    case WorthKind.TooLittle:
      return `${arm}: too little to tell anything (${measured}).`;
    case WorthKind.AddsNothing:
      return `${arm} adds nothing that can be told from chance (${measured}).`;
    case WorthKind.Harms:
      return `${arm} costs money (${measured}).`;
    case WorthKind.Unproven:
      return `${arm} is better here, and that proves nothing: it may remember how it went (${measured}).`;
    case WorthKind.Adds:
      return `${arm} adds something on this period (${measured}).`;
  }
}

function sampleDoubts({ days, proposals, unchanged }: WorthInput): readonly string[] {
  if (unchanged) return [];
  return [
    ...tooFewDays(days),
    ...(proposals !== null && proposals < LEAST_CASES
      ? [
          `It was asked about ${thousands(proposals, 0)} proposals; below ${LEAST_CASES} its answers say nothing.`,
        ]
      : []),
  ];
}

function groundsOf({ growth, chance, confidence }: WorthInput, kind: WorthKind): readonly string[] {
  const grounds: string[] = [];
  const { low, high } = growth;
  if (kind === WorthKind.AddsNothing && low !== null && high !== null && low <= 0)
    grounds.push('The interval of the difference includes zero.');
  if (chance !== null) {
    const dealt = `The same answers dealt to the entries at random ${didAsWell(chance)}`;
    const isLuck = chance.pValue > 1 - confidence;
    const meaning = 'what there is of a difference comes from trading less, not from knowing which entries';
    grounds.push(isLuck ? `${dealt}: ${meaning}.` : `${dealt}.`);
  }
  return grounds;
}

const hindsightOf = ({ hindsight }: WorthInput): readonly string[] =>
  hindsight.length === 0 ? [] : [`HINDSIGHT: ${hindsight.join('; ')}.`];

const signed = (fraction: number): string => `${fraction > 0 ? '+' : ''}${percent(fraction)}`;

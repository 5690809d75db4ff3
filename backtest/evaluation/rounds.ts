import { ONE, type DecimalString } from '../../domain/decimal';
import { createIndicatorCache } from '../../domain/strategy-columns';
import { runBacktest, type BacktestInput, type BacktestResult } from '../backtest';
import type { ProposedEntry } from '../counsel';

/** What was said about an entry, as far as the backtest is concerned. */
export interface Said {
  /** What the size is multiplied by; null when there is to be no entry. */
  readonly sizeFactor: DecimalString | null;
}

/** An entry about which nothing has been said yet. */
export interface OpenQuestion {
  /** Of all that decides the answer. */
  readonly key: string;
  readonly entry: ProposedEntry;
}

/** Entries of one strategy on one bar: they are asked about together, as in live trading. */
export type QuestionsOfBar = readonly OpenQuestion[];

export interface RoundsOptions<S extends Said> {
  readonly input: BacktestInput;
  readonly keyOf: (entry: ProposedEntry) => string;
  /** What is known already; it grows. */
  readonly known: Map<string, S>;
  /** Asks about the entries of a bar. @returns what was said about each, by its key */
  readonly ask: (bar: QuestionsOfBar) => Promise<ReadonlyMap<string, S>>;
  /** Bars asked about at once. More than one is a guess: what an earlier answer changes may make a later question needless. */
  readonly atOnce: number;
  /** Told after each round: questions settled on the way so far, and those the last run saw. */
  readonly onRound?: (settled: number, seen: number) => void;
}

export interface SettledRun<S extends Said> {
  readonly result: BacktestResult;
  /** What the run heard, in order. */
  readonly heard: readonly { readonly entry: ProposedEntry; readonly said: S }[];
  readonly rounds: number;
}

/**
 * A backtest, which waits for nobody, with answers that take their time: it runs on what is known, and every entry about which nothing has
 * been said goes ahead unchanged; then the first of those are asked about, and it runs again, until nothing is missing. The run up to the first
 * unanswered question is final, so every round settles at least that one, and there are no more rounds than bars with questions.
 * @throws Error when an answer does not come back under its key: then it would never end
 */
export async function runRounds<S extends Said>(options: RoundsOptions<S>): Promise<SettledRun<S>> {
  const { known, ask, atOnce, onRound = () => undefined } = options;
  // What does not depend on answers is computed once.
  const input: BacktestInput = { ...options.input, compute: options.input.compute ?? createIndicatorCache() };
  for (let rounds = 1; ; rounds += 1) {
    const { result, heard, open } = runOnce(input, options);
    const [first] = open;
    const settled = heard.length - open.reduce((total, bar) => total + bar.length, 0);
    onRound(settled, heard.length);
    if (first === undefined) {
      const all = heard.flatMap(({ entry, said }) => (said === undefined ? [] : [{ entry, said }]));
      return { result, heard: all, rounds };
    }
    const answers = await Promise.all(open.slice(0, atOnce).map((bar) => ask(bar)));
    for (const answer of answers) for (const [key, said] of answer) known.set(key, said);
    const lost = first.find(({ key }) => !known.has(key));
    if (lost !== undefined) throw new Error(`Nothing was said about ${lost.key}.`);
  }
}

type Known<S extends Said> = Pick<RoundsOptions<S>, 'keyOf' | 'known'>;

/** Entries about which nothing is known yet, bar by bar, while those go ahead unchanged. Only the first bar's are certain to be asked about. */
export const openQuestions = <S extends Said>({
  input,
  ...rest
}: Known<S> & Pick<RoundsOptions<S>, 'input'>): readonly QuestionsOfBar[] => runOnce(input, rest).open;

/** One run on what is known. */
function runOnce<S extends Said>(input: BacktestInput, { keyOf, known }: Known<S>) {
  const heard: { readonly entry: ProposedEntry; readonly said: S | undefined }[] = [];
  const open = new Map<string, OpenQuestion[]>();
  const result = runBacktest({
    ...input,
    counsel: (entry) => {
      const key = keyOf(entry);
      const said = known.get(key);
      heard.push({ entry, said });
      if (said !== undefined) return said.sizeFactor;
      const bar = `${entry.closeMs} ${entry.strategy}`;
      open.set(bar, [...(open.get(bar) ?? []), { key, entry }]);
      return ONE;
    },
  });
  return { result, heard, open: [...open.values()] satisfies readonly QuestionsOfBar[] };
}

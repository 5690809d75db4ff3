import { ExchangeFailure, UNKNOWN_PAIR_CLASS } from '../../domain/errors';
import type { ExchangePort, Quote } from './port';

/** The exchange does not know the pair, or no longer: it was delisted. No other pair is concerned. */
export const isUnlisted = (error: unknown): boolean =>
  error instanceof ExchangeFailure && error.detail.errorClass === UNKNOWN_PAIR_CLASS;

/**
 * Asks the exchange about one thing after the other. One on a pair that it no longer lists must not silence the others.
 * @returns the failures that are due to unlisted pairs
 * @throws the first other failure, after all have been tried; what is no `ExchangeFailure` at once
 */
export async function tryEach<T>(
  items: readonly T[],
  ask: (item: T) => Promise<void>,
): Promise<readonly ExchangeFailure[]> {
  const failures: ExchangeFailure[] = [];
  for (const item of items) {
    try {
      await ask(item);
    } catch (error) {
      if (!(error instanceof ExchangeFailure)) throw error;
      failures.push(error);
    }
  }
  const other = failures.find((failure) => !isUnlisted(failure));
  if (other !== undefined) throw other;
  return failures;
}

/** Answers about pairs, and which of those that were asked about the exchange refuses as unknown. */
export interface ListedAnswers<T, Item = string> {
  readonly answers: readonly T[];
  readonly unknown: readonly Item[];
}

/**
 * Asks about all pairs, or things of one pair each, at once, so that one that was delisted silences none of the others.
 * @throws the first failure that is about anything else, after all have been asked
 */
export async function askListed<T, Item = string>(
  items: readonly Item[],
  ask: (item: Item) => Promise<T>,
): Promise<ListedAnswers<T, Item>> {
  const answers: T[] = [];
  const unknown: Item[] = [];
  const asked = items.map(async (item) => ({ item, outcome: await settled(ask(item)) }));
  for (const { item, outcome } of await Promise.all(asked)) {
    if ('answer' in outcome) answers.push(outcome.answer);
    else if (isUnlisted(outcome.reason)) unknown.push(item);
    else throw outcome.reason;
  }
  return { answers, unknown };
}

const settled = <T>(work: Promise<T>): Promise<{ readonly answer: T } | { readonly reason: unknown }> =>
  work.then(
    (answer) => ({ answer }),
    (reason: unknown) => ({ reason }),
  );

/** The quotes of these pairs, as far as the exchange knows them. */
export async function listedQuotes(
  exchange: Pick<ExchangePort, 'quotes'>,
  symbols: readonly string[],
): Promise<ListedAnswers<Quote>> {
  const { answers, unknown } = await askListed(symbols, (symbol) => exchange.quotes([symbol]));
  return { answers: answers.flat(), unknown };
}

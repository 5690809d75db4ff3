import { ExchangeFailure } from '../../domain/errors';

/** The exchange does not know the pair, or no longer: it was delisted. No other pair is concerned. */
export const isUnlisted = (error: unknown): boolean =>
  error instanceof ExchangeFailure && error.detail.errorClass === 'BadSymbol';

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

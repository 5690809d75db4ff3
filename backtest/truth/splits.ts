/** Bars from `from` to just before `to`, by index. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** What is learnt from, and what it is then tried on. */
export interface Split {
  /** One range, or two around the test. */
  readonly train: readonly Range[];
  readonly test: Range;
}

/** Distances that keep what is learnt apart from what it is tried on, in bars. */
export interface Distance {
  /**
   * Bars before a test that are not learnt from: as many as an outcome takes to show, such as the longest holding time,
   * because the outcome of a bar just before the test lies inside the test.
   */
  readonly purge: number;
  /** Further bars that are kept apart, because what follows a test still depends on it (serial correlation). */
  readonly embargo: number;
}

/**
 * Walk-forward: learn from `train` bars, try on the `test` bars that follow, move on by `test`, until the bars end. The
 * tests touch each other and never overlap. Nothing that is learnt from lies after its test, so purge and embargo are
 * both a gap before it.
 * @param anchored learn from everything since the first bar instead of a window of `train` bars
 * @returns no split when there are not bars enough for one
 * @throws RangeError for lengths below one or distances below zero
 */
export function walkForward(
  options: Distance & {
    readonly bars: number;
    readonly train: number;
    readonly test: number;
    readonly anchored?: boolean;
  },
): readonly Split[] {
  const { bars, train, test, purge, embargo, anchored = false } = options;
  atLeast(1, { bars, train, test });
  atLeast(0, { purge, embargo });
  const splits: Split[] = [];
  const gap = purge + embargo;
  for (let from = train + gap; from + test <= bars; from += test) {
    const to = from - gap;
    splits.push({ train: [{ from: anchored ? 0 : to - train, to }], test: { from, to: from + test } });
  }
  return splits;
}

/**
 * Purged k-fold cross-validation: each of `folds` equal stretches is the test once; learnt from is the rest, without
 * `purge` bars before the test and `purge` + `embargo` bars after it, where outcomes of the test still show (M. López
 * de Prado, "Advances in Financial Machine Learning", 2018, chapter 7).
 * @throws RangeError for fewer than two folds, more folds than bars, or distances below zero
 */
export function purgedFolds(
  options: Distance & { readonly bars: number; readonly folds: number },
): readonly Split[] {
  const { bars, folds, purge, embargo } = options;
  atLeast(2, { folds });
  atLeast(0, { purge, embargo });
  atLeast(folds, { bars });
  return Array.from({ length: folds }, (_, fold) => {
    const test = { from: Math.floor((fold * bars) / folds), to: Math.floor(((fold + 1) * bars) / folds) };
    const train = [
      { from: 0, to: test.from - purge },
      { from: test.to + purge + embargo, to: bars },
    ].filter(({ from, to }) => from < to);
    return { train, test };
  });
}

function atLeast(least: number, lengths: Readonly<Record<string, number>>): void {
  for (const [name, length] of Object.entries(lengths)) {
    if (!Number.isInteger(length) || length < least)
      throw new RangeError(`${name} must be a whole number of at least ${least}, not ${length}.`);
  }
}

import { UserError } from '../../domain/errors';
import { walkForward } from '../truth/splits';

/** From a time to before another, in UTC milliseconds. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Fold {
  readonly train: Span;
  readonly test: Span;
}

/** Share of the time that is before the first fold. */
const FIRST_SHARE = 0.4;

/**
 * Walk-forward folds of the time that examples span: each is learnt for from everything before it, less the longest that an
 * outcome takes to show (purge) and the embargo. They cover the last 60 % of the time.
 * @throws UserError when the time is too short for so many
 */
export function timeFolds(options: {
  readonly examples: { readonly closeMs: Float64Array };
  readonly barMs: number;
  readonly purgeMs: number;
  readonly embargoMs: number;
  readonly folds: number;
}): readonly Fold[] {
  const { examples, barMs, purgeMs, embargoMs, folds } = options;
  const startMs = examples.closeMs[0] ?? 0;
  const bars = Math.floor(((examples.closeMs.at(-1) ?? 0) - startMs) / barMs) + 1;
  const [purge, embargo] = [purgeMs, embargoMs].map((distanceMs) => Math.ceil(distanceMs / barMs));
  const test = Math.floor((bars * (1 - FIRST_SHARE)) / folds);
  const train = bars - folds * test - (purge ?? 0) - (embargo ?? 0);
  if (test < 1 || train < 1)
    throw new UserError(
      `${bars} bars are too few for ${folds} folds that keep ${(purge ?? 0) + (embargo ?? 0)} bars apart.`,
      'Train over a longer time, or in fewer --folds.',
    );
  const timeOf = (bar: number): number => startMs + bar * barMs;
  return walkForward({ bars, train, test, purge: purge ?? 0, embargo: embargo ?? 0, anchored: true }).map(
    ({ train: [learnt], test: tried }) => ({
      train: { fromMs: timeOf(learnt?.from ?? 0), toMs: timeOf(learnt?.to ?? 0) },
      test: { fromMs: timeOf(tried.from), toMs: timeOf(tried.to) },
    }),
  );
}

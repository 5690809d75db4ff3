import { z } from 'zod';
import { decimal } from '../../domain/decimal';
import { Seat } from '../../domain/deliberation/seats';
import { PanelOutcome } from '../../domain/deliberation/verdict';
import { divided } from '../../domain/performance/defined';
import { mean, sum } from '../../domain/statistics';
import { intervals, stationaryBootstrap, type Interval } from '../truth/resampling';

/** One deliberation as it is recorded, and replayed to the last bit. */
export const sittingSchema = z.strictObject({
  outcome: z.enum(PanelOutcome),
  /** What the size is multiplied by; null when there is to be no entry. */
  sizeFactor: z.string().transform(decimal).nullable(),
  /** The last word of each seat that gave a valid answer. */
  opinions: z.array(z.strictObject({ seat: z.enum(Seat), word: z.string() })),
  /** Seats that had none. */
  silent: z.array(z.enum(Seat)),
  /** A seat was silent because the time was over. */
  missedDeadline: z.boolean(),
  /** Dollars. */
  costUsd: z.number(),
  /** Wall milliseconds. */
  latencyMs: z.number(),
  /** What the record has the answers under, in their order. */
  answers: z.array(z.string()),
});
export type Sitting = Readonly<z.infer<typeof sittingSchema>>;

/** How a panel behaved, with intervals. */
export type ConductShares = Readonly<
  Record<
    | 'costPerDecisionUsd'
    | 'latencyMs'
    | 'deadlineMisses'
    | 'withoutPanel'
    | 'changed'
    | 'vetoed'
    | 'shrunk'
    | 'seatsDisagreed',
    Interval
  >
>;

export interface Conduct extends ConductShares {
  /** Proposals that it was asked about, over all seeds, and different ones among them. */
  readonly decisions: number;
  readonly proposals: number;
}

/**
 * Costs and shares over decisions, with percentile intervals of the bootstrap over proposals: what was said about one proposal with several
 * seeds is drawn together, as it is no independent evidence.
 * @param byProposal what was said about each, a list for each proposal
 * @returns null when nothing was asked
 */
export function conductOf(
  byProposal: readonly (readonly Sitting[])[],
  sampling: { readonly runs: number; readonly seed: number; readonly confidence: number },
): Conduct | null {
  const decisions = byProposal.reduce((total, sittings) => total + sittings.length, 0);
  if (decisions === 0) return null;
  const shares = intervals({
    values: byProposal,
    statistics: (drawn) => sharesOf(drawn.flat()),
    resample: stationaryBootstrap(1),
    ...sampling,
  });
  return { ...shares, decisions, proposals: byProposal.length };
}

function sharesOf(sittings: readonly Sitting[]): Readonly<Record<keyof ConductShares, number | null>> {
  const share = (has: (sitting: Sitting) => boolean, of = sittings): number | null =>
    divided(of.filter(has).length, of.length);
  const shrunk = ({ outcome }: Sitting): boolean => outcome === PanelOutcome.Shrink;
  const vetoed = ({ outcome }: Sitting): boolean => outcome === PanelOutcome.Veto;
  return {
    costPerDecisionUsd: mean(sittings.map(({ costUsd }) => costUsd)),
    latencyMs: mean(sittings.map(({ latencyMs }) => latencyMs)),
    deadlineMisses: share(({ missedDeadline }) => missedDeadline),
    withoutPanel: share(({ outcome }) => outcome === PanelOutcome.Without),
    changed: share((sitting) => shrunk(sitting) || vetoed(sitting)),
    vetoed: share(vetoed),
    shrunk: share(shrunk),
    seatsDisagreed: share(
      ({ opinions }) => new Set(opinions.map(({ word }) => word)).size > 1,
      sittings.filter(({ opinions }) => opinions.length > 1),
    ),
  };
}

/** Dollars that these deliberations cost. */
export const costOf = (sittings: readonly Sitting[]): number => sum(sittings.map(({ costUsd }) => costUsd));

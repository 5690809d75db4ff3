import type { Timeframe } from '../bar';
import { UserError } from '../errors';
import type { StrategyView } from '../strategy';
import { featureSet, type FeatureSet } from './features';
import { checkFeatures, type AdjusterModel, type ModelSource } from './model';
import { evaluate, indexOfLargest, softmax } from './network';

/** What may be advised about an open position. */
export const Adjustment = { Keep: 'keep', Tighten: 'tighten', Reduce: 'reduce', Exit: 'exit' } as const;
export type Adjustment = (typeof Adjustment)[keyof typeof Adjustment];

/** In the order of a policy's outputs. */
export const ADJUSTMENTS: readonly Adjustment[] = Object.values(Adjustment);

/** What an adjuster knows of a long position. Prices in quote units. */
export interface PositionFacts {
  readonly entryPrice: number;
  readonly stopPrice: number;
  readonly targetPrice: number;
  /** Bars that have closed with it. */
  readonly heldBars: number;
  /** What is left of it, 0 to 1. */
  readonly held: number;
}

/** Numbers about the position that come after the features. */
export const POSITION_INPUTS = 4;
/** What is further from the mean says nothing more. */
const FURTHEST = 5;

/** How features are brought to one scale: those of the examples that were learnt from. */
export interface Scaling {
  readonly means: readonly number[];
  readonly deviations: readonly number[];
}

/**
 * What a policy sees: the features, scaled, a missing one at its mean; then how far the close is on the way from entry to target,
 * how far the stop is, the time held as a part of the horizon, and what is left of the position.
 */
export class AdjusterInput {
  private readonly row: Float64Array;

  constructor(
    private readonly features: FeatureSet,
    private readonly scaling: Scaling,
    private readonly horizonBars: number,
  ) {
    this.row = new Float64Array(features.names.length + POSITION_INPUTS);
  }

  /** @returns the same array every time */
  read(view: StrategyView, facts: PositionFacts): Float64Array {
    const { row, scaling } = this;
    const count = this.features.names.length;
    this.features.read(view, row);
    for (let index = 0; index < count; index += 1) {
      const scaled = ((row[index] ?? NaN) - (scaling.means[index] ?? 0)) / (scaling.deviations[index] ?? 1);
      row[index] = Number.isFinite(scaled) ? Math.max(-FURTHEST, Math.min(FURTHEST, scaled)) : 0;
    }
    const { entryPrice, stopPrice, targetPrice, heldBars, held } = facts;
    const close = view.close.at(0);
    const way = targetPrice - entryPrice;
    row[count] = clipped((close - entryPrice) / way);
    row[count + 1] = clipped((close - stopPrice) / way);
    row[count + 2] = clipped(heldBars / this.horizonBars);
    row[count + 3] = held;
    return row;
  }
}

const clipped = (value: number): number =>
  Number.isFinite(value) ? Math.max(-FURTHEST, Math.min(FURTHEST, value)) : 0;

/** What is advised, and how sure the policy is of it. */
export interface Advice {
  readonly adjustment: Adjustment;
  readonly probability: number;
}

/**
 * The adviser that a model is, for bars of this timeframe.
 * @throws UserError when there is no such model, or it cannot advise on these bars
 */
export function findAdviser(models: ModelSource, id: string, timeframe: Timeframe): Adviser {
  const stored = models.load(id);
  const { model } = stored;
  if (model.kind !== 'adjuster')
    throw new UserError(
      `The model "${id}" is of kind "${model.kind}" and gives no advice.`,
      'Train one with: ballast train adjuster',
    );
  checkFeatures(stored);
  if (model.timeframe === timeframe) return createAdviser(model);
  throw new UserError(
    `The model "${id}" was trained on bars of ${model.timeframe}, not of ${timeframe}.`,
    `Let it advise a strategy on ${model.timeframe}.`,
  );
}

/** A policy that gives advice on positions. It gives nothing else: nobody acts on it but people. */
export interface Adviser {
  readonly features: FeatureSet;
  advise(view: StrategyView, facts: PositionFacts): Advice;
}

/** @throws UserError when it looks at features that there are not */
export function createAdviser(model: AdjusterModel): Adviser {
  const features = featureSet(model.features, model.timeframe);
  const input = new AdjusterInput(features, model.scaling, model.horizonBars);
  return {
    features,
    advise(view, facts) {
      const probabilities = softmax(evaluate(model.policy, input.read(view, facts)));
      const best = indexOfLargest(probabilities);
      return { adjustment: ADJUSTMENTS[best] ?? Adjustment.Keep, probability: probabilities[best] ?? NaN };
    },
  };
}

import { z } from 'zod';
import {
  hold,
  PositionSide,
  SignalKind,
  type Because,
  type Reason,
  type SeriesSpec,
  type Signal,
  type StrategyView,
} from '../strategy';

/**
 * How a strategy places its stop, target and trail: in multiples of the average true range (ATR), or as plain fractions of
 * the price where those are given.
 */
export const bracketShape = {
  atrPeriod: z.int().min(2).max(200).default(14),
  /** Distance of the protective stop from the reference price, in ATR. */
  stopAtr: z.number().min(0.5).max(20).default(3),
  /** Distance of the protective stop as a fraction of the price, in place of `stopAtr`; null for ATR. */
  stopFraction: z.number().min(0.0001).max(0.9).nullable().default(null),
  /** Reward over risk, after costs. */
  rewardToRisk: z.number().min(2).max(20).default(2),
  /** Distance of the target as a fraction of the price, costs not added, in place of `rewardToRisk`; null for that. */
  targetFraction: z.number().min(0.0001).max(10).nullable().default(null),
  /** What a round trip may cost as a fraction of the price: entry slippage and both fees, with some margin. */
  costFraction: z.number().min(0).max(0.05).meta({ search: false }).default(0.0035),
  /** Distance at which the stop follows the highest close, in ATR; null for a fixed stop. */
  trailAtr: z.number().min(0.5).max(20).nullable().default(null),
};

export interface BracketParameters {
  readonly atrPeriod: number;
  readonly stopAtr: number;
  readonly stopFraction: number | null;
  readonly rewardToRisk: number;
  readonly targetFraction: number | null;
  readonly costFraction: number;
  readonly trailAtr: number | null;
}

/** The column that a bracket is measured with; none where fractions do instead. */
export const bracketIndicators = (parameters: BracketParameters): { readonly atr: SeriesSpec | null } => ({
  atr: usesAtr(parameters) ? { kind: 'atr', period: parameters.atrPeriod } : null,
});

const usesAtr = ({ stopFraction, trailAtr }: BracketParameters): boolean =>
  stopFraction === null || trailAtr !== null;

/**
 * An entry at the close of the newest bar with its stop `stopAtr` ATR or `stopFraction` of the price below it (above, for a
 * short). Unless `targetFraction` says where, the target makes the trade worth `rewardToRisk` times its risk after costs:
 * gain − costs = rewardToRisk × (stop distance + costs). Holds instead when the market has no range to measure, or so much
 * of it that stop or target would not be above zero.
 */
export function enterWithBracket<P extends BracketParameters, I extends string>(
  view: StrategyView<I | 'atr'>,
  parameters: P,
  why: Because<P, I | 'atr'>,
  side: PositionSide = PositionSide.Long,
): Signal<P, I | 'atr'> {
  const referencePrice = view.close.at(0);
  const range = usesAtr(parameters) ? view.indicators.atr.at(0) : 0;
  const { stopAtr, stopFraction, trailAtr } = parameters;
  const direction = side === PositionSide.Long ? 1 : -1;
  const distance = stopFraction === null ? stopAtr * range : stopFraction * referencePrice;
  const stopPrice = referencePrice - direction * distance;
  const targetPrice = targetOf(referencePrice, direction, distance, parameters);
  const trailDistance = trailAtr === null ? null : trailAtr * range;
  const isPlaced = distance > 0 && stopPrice > 0 && targetPrice > 0;
  if (!(isPlaced && (trailDistance === null || trailDistance > 0)))
    return hold((at, p) => [...why(at, p), noStop(referencePrice, range, p)]);
  return new BracketEntry(why, side, range, referencePrice, stopPrice, targetPrice, trailDistance);
}

/** A class, so that its reasons need no closure: a backtest makes one of these for every trade and asks none of them why. */
class BracketEntry<P extends BracketParameters, I extends string> implements PlacedBracket {
  readonly kind = SignalKind.Enter;

  constructor(
    private readonly why: Because<P, I | 'atr'>,
    readonly side: PositionSide,
    readonly range: number,
    readonly referencePrice: number,
    readonly stopPrice: number,
    readonly targetPrice: number,
    readonly trailDistance: number | null,
  ) {}

  because(view: StrategyView<I | 'atr'>, parameters: P): readonly Reason[] {
    return [...this.why(view, parameters), bracketReason(this, parameters)];
  }
}

function targetOf(
  referencePrice: number,
  direction: 1 | -1,
  distance: number,
  { targetFraction, costFraction, rewardToRisk }: BracketParameters,
): number {
  if (targetFraction !== null) return referencePrice * (1 + direction * targetFraction);
  const cost = costFraction * referencePrice;
  return referencePrice + direction * cost + direction * rewardToRisk * (distance + cost);
}

interface PlacedBracket {
  readonly side: PositionSide;
  readonly range: number;
  readonly referencePrice: number;
  readonly stopPrice: number;
  readonly targetPrice: number;
}

function bracketReason(placed: PlacedBracket, parameters: BracketParameters): Reason {
  const { side, range, referencePrice, stopPrice, targetPrice } = placed;
  const { stopFraction, targetFraction } = parameters;
  const [stopSide, targetSide] = side === PositionSide.Long ? ['below', 'above'] : ['above', 'below'];
  const distance =
    stopFraction === null
      ? `${parameters.stopAtr} × ATR(${parameters.atrPeriod}) of ${priceText(range)}`
      : percentText(stopFraction);
  const reward =
    targetFraction === null
      ? `for ${parameters.rewardToRisk} times the risk after costs`
      : `${percentText(targetFraction)} ${targetSide} it`;
  const text = `Stop ${priceText(stopPrice)}, ${distance} ${stopSide} ${priceText(referencePrice)}; target ${priceText(targetPrice)} ${reward}`;
  return { code: 'bracket', text, values: { atr: range, referencePrice, stopPrice, targetPrice } };
}

function noStop(referencePrice: number, range: number, { atrPeriod }: BracketParameters): Reason {
  const text = `No stop and target can be placed: ATR(${atrPeriod}) is ${priceText(range)} at a price of ${priceText(referencePrice)}`;
  return { code: 'no-stop', text, values: { atr: range, referencePrice } };
}

const percentText = (part: number): string => `${Number((part * 100).toPrecision(6))} %`;

/** A price for people: six significant digits, or two decimals where that is more. */
export const priceText = (price: number): string =>
  Math.abs(price) >= 1000 ? price.toFixed(2) : String(Number(price.toPrecision(6)));

import { z } from 'zod';
import type { Bar } from '../bar';
import { atr, wilderWarmupBars } from '../indicators';
import { SignalKind, type Reason, type Signal } from '../strategy';

/** How a strategy places its stop, target and trail, all in multiples of the average true range (ATR). */
export const bracketShape = {
  atrPeriod: z.int().min(2).max(200).default(14),
  /** Distance of the protective stop below the reference price, in ATR. */
  stopAtr: z.number().min(0.5).max(20).default(3),
  /** Reward over risk, after costs. */
  rewardToRisk: z.number().min(2).max(20).default(2),
  /** What a round trip may cost as a fraction of the price: entry slippage and both fees, with some margin. */
  costFraction: z.number().min(0).max(0.05).default(0.0035),
  /** Distance at which the stop follows the highest close, in ATR; null for a fixed stop. */
  trailAtr: z.number().min(0.5).max(20).nullable().default(null),
};

interface BracketParameters {
  readonly atrPeriod: number;
  readonly stopAtr: number;
  readonly rewardToRisk: number;
  readonly costFraction: number;
  readonly trailAtr: number | null;
}

export const bracketWarmupBars = (parameters: BracketParameters): number =>
  wilderWarmupBars(parameters.atrPeriod);

/**
 * An entry at the close of the newest bar with its stop `stopAtr` ATR below. The target makes the trade worth
 * `rewardToRisk` times its risk after costs: gain − costs = rewardToRisk × (stop distance + costs). Holds instead when
 * the market has no range to measure, or so much of it that the stop would not be above zero.
 */
export function enterWithBracket(
  bars: readonly Bar[],
  parameters: BracketParameters,
  why: readonly Reason[],
): Signal {
  const range = atr(bars, parameters.atrPeriod).at(-1) ?? 0;
  const referencePrice = bars.at(-1)?.close ?? 0;
  const distance = parameters.stopAtr * range;
  const stopPrice = referencePrice - distance;
  if (!(distance > 0 && stopPrice > 0)) return holdWithoutStop(referencePrice, range, parameters, why);

  const cost = parameters.costFraction * referencePrice;
  const targetPrice = referencePrice + cost + parameters.rewardToRisk * (distance + cost);
  const text = `Stop ${priceText(stopPrice)}, ${parameters.stopAtr} × ATR(${parameters.atrPeriod}) of ${priceText(range)} below ${priceText(referencePrice)}; target ${priceText(targetPrice)} for ${parameters.rewardToRisk} times the risk after costs`;
  return {
    kind: SignalKind.Enter,
    reasons: [
      ...why,
      { code: 'bracket', text, values: { atr: range, referencePrice, stopPrice, targetPrice } },
    ],
    referencePrice,
    stopPrice,
    targetPrice,
    trailDistance: parameters.trailAtr === null ? null : parameters.trailAtr * range,
  };
}

function holdWithoutStop(
  referencePrice: number,
  range: number,
  parameters: BracketParameters,
  why: readonly Reason[],
): Signal {
  const text = `No stop can be placed: ATR(${parameters.atrPeriod}) is ${priceText(range)} at a price of ${priceText(referencePrice)}`;
  return {
    kind: SignalKind.Hold,
    reasons: [...why, { code: 'no-stop', text, values: { atr: range, referencePrice } }],
  };
}

/** A price for people: six significant digits, or two decimals where that is more. */
export const priceText = (price: number): string =>
  Math.abs(price) >= 1000 ? price.toFixed(2) : String(Number(price.toPrecision(6)));

import type { SymbolSpec } from '../market/source';
import type { TradingRules } from './types';
import { formatUnits, ONE, requireUnits } from './units';

/** A symbol's trading rules in integers: prices in ticks, quantities in lots, money in units of 1e-8. */
export interface Instrument {
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  /** Price units (1e-8 quote) in one tick. */
  readonly tickUnits: bigint;
  /** Base units (1e-8 base) in one lot. */
  readonly lotUnits: bigint;
  /** Quote units that one lot costs at a price of one tick. */
  readonly costUnits: bigint;
  /** The rules it opens with; `ExchangeState.rulesOf` tells those in force. */
  readonly rules: TradingRules;
}

/**
 * @throws when a rule is not a decimal, or when one lot at one tick is not a whole number of 1e-8 quote units: money
 * could not be exact then.
 */
export function createInstrument(spec: SymbolSpec): Instrument {
  const tickUnits = requireUnits(spec.tickSize, `tickSize of ${spec.symbol}`);
  const lotUnits = requireUnits(spec.stepSize, `stepSize of ${spec.symbol}`);
  if (tickUnits === 0n || lotUnits === 0n || (tickUnits * lotUnits) % ONE !== 0n) {
    throw new Error(
      `${spec.symbol}: tickSize ${spec.tickSize} times stepSize ${spec.stepSize} must be a positive multiple of 0.00000001; choose a coarser step`,
    );
  }
  return {
    symbol: spec.symbol,
    base: spec.base,
    quote: spec.quote,
    tickUnits,
    lotUnits,
    costUnits: (tickUnits * lotUnits) / ONE,
    rules: {
      tickStep: 1,
      lotStep: 1,
      minLots: Number(requireUnits(spec.minQuantity, `minQuantity of ${spec.symbol}`) / lotUnits),
      maxLots: Number(requireUnits(spec.maxQuantity, `maxQuantity of ${spec.symbol}`) / lotUnits),
      minNotionalUnits: requireUnits(spec.minNotional, `minNotional of ${spec.symbol}`),
    },
  };
}

/** Quote units that `lots` cost at `priceTicks`. */
export function costOf(instrument: Instrument, priceTicks: number, lots: number): bigint {
  return BigInt(priceTicks) * BigInt(lots) * instrument.costUnits;
}

/** Base units in `lots`. */
export function baseOf(instrument: Instrument, lots: number): bigint {
  return BigInt(lots) * instrument.lotUnits;
}

export function priceText(instrument: Instrument, priceTicks: number): string {
  return formatUnits(BigInt(priceTicks) * instrument.tickUnits);
}

export function quantityText(instrument: Instrument, lots: number): string {
  return formatUnits(BigInt(lots) * instrument.lotUnits);
}

import type { Instrument } from './instrument';
import type { TradingRules } from './types';
import { formatUnits, requireUnits } from './units';

/** New rules as `exchangeInfo` tells them, decimal strings; what is not given stays as it is. */
export interface RulesChange {
  readonly tickSize?: string;
  readonly stepSize?: string;
  readonly minQuantity?: string;
  readonly maxQuantity?: string;
  readonly minNotional?: string;
}

/**
 * The rules after a change.
 * @throws RangeError for a step that is no multiple of the market's own, or a quantity that is no multiple of its lot:
 * the books are kept in those.
 */
export function changedRules(instrument: Instrument, rules: TradingRules, change: RulesChange): TradingRules {
  const { tickUnits, lotUnits, symbol } = instrument;
  const multiple = (text: string | undefined, units: bigint, name: string): number | undefined => {
    if (text === undefined) return undefined;
    const value = requireUnits(text, `${name} of ${symbol}`);
    if (value > 0n && value % units === 0n) return Number(value / units);
    throw new RangeError(`${name} of ${symbol} is ${text}; it must be a multiple of ${formatUnits(units)}`);
  };
  return {
    tickStep: multiple(change.tickSize, tickUnits, 'tickSize') ?? rules.tickStep,
    lotStep: multiple(change.stepSize, lotUnits, 'stepSize') ?? rules.lotStep,
    minLots: multiple(change.minQuantity, lotUnits, 'minQuantity') ?? rules.minLots,
    maxLots: multiple(change.maxQuantity, lotUnits, 'maxQuantity') ?? rules.maxLots,
    minNotionalUnits:
      change.minNotional === undefined
        ? rules.minNotionalUnits
        : requireUnits(change.minNotional, `minNotional of ${symbol}`),
  };
}

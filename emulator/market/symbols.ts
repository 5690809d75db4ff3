import { MarketDataError, MarketDataErrorCode } from './errors';
import type { SymbolSpec } from './source';

function spot(
  base: string,
  tickSize: string,
  stepSize: string,
  maxQuantity: string,
  minNotional = '5',
): SymbolSpec {
  return {
    symbol: `${base}USDT`,
    base,
    quote: 'USDT',
    tickSize,
    stepSize,
    minQuantity: stepSize,
    maxQuantity,
    minNotional,
  };
}

/** Trading rules as Binance spot publishes them. */
const SPECS: readonly SymbolSpec[] = [
  spot('BTC', '0.01', '0.00001', '9000'),
  spot('ETH', '0.01', '0.0001', '9000'),
  spot('SOL', '0.01', '0.001', '90000'),
  spot('XRP', '0.0001', '0.1', '9222449'),
  spot('BNB', '0.01', '0.001', '9000'),
  spot('DOGE', '0.00001', '1', '9000000', '1'),
  spot('ADA', '0.0001', '0.1', '900000'),
  spot('AVAX', '0.01', '0.01', '90000'),
  spot('LINK', '0.01', '0.01', '90000'),
  spot('LTC', '0.01', '0.001', '90000'),
];

/** The trading rules of `symbol` (exchange id, e.g. `BTCUSDT`), or undefined when Ballast knows none. */
export const findSpec = (symbol: string): SymbolSpec | undefined =>
  SPECS.find((spec) => spec.symbol === symbol);

/** As `findSpec`. Throws `invalid-options` for an unknown symbol. */
export function requireSpec(symbol: string): SymbolSpec {
  const spec = findSpec(symbol);
  if (spec) return spec;
  throw new MarketDataError(
    MarketDataErrorCode.InvalidOptions,
    `Unknown market symbol ${symbol}`,
    `Choose from ${SPECS.map((known) => known.symbol).join(', ')}.`,
  );
}

/** How many ticks or lots make one unit: `0.01` → 100. */
export const unitsPerOne = (increment: string): number => Math.round(1 / Number(increment));

/** Ticks per quote unit and lots per base unit of one symbol. */
export interface Scale {
  readonly ticksPerOne: number;
  readonly lotsPerOne: number;
}

export const scaleOf = (spec: SymbolSpec): Scale => ({
  ticksPerOne: unitsPerOne(spec.tickSize),
  lotsPerOne: unitsPerOne(spec.stepSize),
});

/** How far a decimal may lie from an integer multiple before it counts as off the grid: binary rounding stays far below. */
const GRID_TOLERANCE = 1e-4;

/** `value × perOne` as an integer, or undefined when the value is not finite, not on the grid or 2^53 and above. */
export function toGrid(value: number, perOne: number): number | undefined {
  const scaled = value * perOne;
  const rounded = Math.round(scaled);
  if (!Number.isSafeInteger(rounded) || Math.abs(scaled - rounded) > GRID_TOLERANCE) return undefined;
  return rounded;
}

/** The entry of a market's own table for `symbol`. Throws RangeError for a symbol that the market does not list. */
export function requireListed<T>(listed: ReadonlyMap<string, T>, symbol: string): T {
  const entry = listed.get(symbol);
  if (entry !== undefined) return entry;
  throw new RangeError(`This market has no ${symbol}; it lists ${[...listed.keys()].join(', ')}`);
}

import { FITTED_PARAMETERS } from './fitted-parameters';
import type { CompanionParameters } from './simulator-parameters';

/**
 * More assets for the simulated market, so that a strategy may trade ten at once. They are not fitted: prices, deviations
 * and volumes are of the size that these assets had when the fitted ones were recorded, and they follow BTC about as
 * closely as the fitted ones do.
 */
export const COMPANIONS: readonly CompanionParameters[] = [
  companion('DOGEUSDT', 0.16384, 0.00105, 12.9),
  companion('ADAUSDT', 0.5712, 0.00098, 11.5),
  companion('AVAXUSDT', 17.92, 0.00095, 8.1),
  companion('LINKUSDT', 13.27, 0.00092, 8.2),
  companion('LTCUSDT', 84.61, 0.00078, 6.4),
];

function companion(
  symbol: string,
  startPrice: number,
  minuteDeviation: number,
  logVolume: number,
): CompanionParameters {
  return { symbol, startPrice, minuteDeviation, wick: 0.677185, logVolume, correlation: 0.65 };
}

/** What a simulated market lists for somebody who trades these: everything that was fitted, and the companions among them. */
export function listingFor(traded: readonly string[]): readonly string[] {
  const fitted = FITTED_PARAMETERS.symbols.map(({ symbol }) => symbol);
  const wanted = COMPANIONS.map(({ symbol }) => symbol).filter((symbol) => traded.includes(symbol));
  return [...fitted, ...wanted];
}

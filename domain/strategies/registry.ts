import { UserError } from '../errors';
import { bollingerStrategy } from './bollinger';
import { donchianStrategy } from './donchian';
import { emaCrossStrategy } from './ema-cross';
import { marketMakerStrategy } from './market-maker';
import { newsEventStrategy } from './news-event';
import { pairsStrategy } from './pairs';
import { erase, type AnyStrategy } from './prepare';
import { rsiStrategy } from './rsi';

/** Every strategy there is, by id. */
export const STRATEGIES: Readonly<Record<string, AnyStrategy>> = Object.fromEntries(
  [
    erase(rsiStrategy),
    erase(emaCrossStrategy),
    erase(bollingerStrategy),
    erase(donchianStrategy),
    erase(newsEventStrategy),
    erase(pairsStrategy),
    erase(marketMakerStrategy),
  ].map((strategy) => [strategy.id, strategy]),
);

/** @throws UserError naming the id and the known ones. */
export function findStrategy(id: string): AnyStrategy {
  const strategy = Object.hasOwn(STRATEGIES, id) ? STRATEGIES[id] : undefined;
  if (strategy !== undefined) return strategy;
  throw new UserError(
    `There is no strategy "${id}".`,
    `Known strategies: ${Object.keys(STRATEGIES).join(', ')}.`,
  );
}

import { UserError } from '../errors';
import { SignalKind } from '../strategy';
import type { AnySignal, PreparedStrategy } from './prepare';

/**
 * The price that a signal quotes, or undefined where it goes to the market.
 * @throws UserError for a price that is none, or of a strategy that does not say that it quotes
 */
export function quotedPrice({ id, quotes }: PreparedStrategy, signal: AnySignal): number | undefined {
  if (signal.kind === SignalKind.Hold || signal.limitPrice === undefined) return undefined;
  const { limitPrice } = signal;
  if (!quotes)
    throw new UserError(
      `The strategy "${id}" asks for a limit of ${limitPrice}, and does not say that it quotes.`,
      'Give it `quotes: true`; it can then be tested, not traded.',
    );
  if (limitPrice > 0 && Number.isFinite(limitPrice)) return limitPrice;
  throw new UserError(`The strategy "${id}" quotes ${limitPrice}, which is no price.`);
}

/** Why live trading (simulated, paper and testnet included) does not run a strategy, or undefined: {@link Strategy.quotes}. */
export const liveRefusal = ({ id, quotes }: PreparedStrategy): string | undefined =>
  quotes
    ? `the strategy "${id}" quotes prices of its own, which only \`ballast backtest\` can carry out: on spot what it offers backs its protective stop`
    : undefined;

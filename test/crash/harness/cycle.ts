import { lastCloseMs, Timeframe, timeframeMs } from '../../../domain/bar';
import { columnsOf } from '../../../domain/bar-columns';
import { marketTimeAt } from '../../../domain/clock';
import { positionId as positionIdOf } from '../../../domain/ids';
import { compute } from '../../../domain/indicators/registry';
import { findStrategy } from '../../../domain/strategies/registry';
import {
  startOptions,
  workflowIds,
  type StrategySettings,
  type TradingCycleInput,
} from '../../../workflows/contract';
import { clockOf, GrantedPosition } from './trading';
import { SYMBOLS, type World } from './world';

const TIMEFRAME = Timeframe.M1;
const [SYMBOL] = SYMBOLS;
const PERIOD = 2;
/** The market is moved on by this many bars at most in search of one that gives a signal. */
const SEARCH_BARS = 60;
/** How far the RSI must rise in a bar, so that rounding decides nothing. */
const CLEAR_RISE = 5;

/** A strategy which enters on the bar that closes at `barCloseMs`, and holds afterwards. */
interface Entry {
  readonly oversold: number;
  readonly barCloseMs: number;
}

/** Moves the market to a bar on which the RSI rises, and says above what it has risen. */
async function findEntry(world: World): Promise<Entry> {
  for (let bars = 0; bars < SEARCH_BARS; bars += 1) {
    // Right behind a close, so that the market is where the bar ended.
    const nowMs = marketTimeAt(await clockOf(world), Date.now());
    const barCloseMs = lastCloseMs(nowMs, TIMEFRAME) + timeframeMs(TIMEFRAME);
    await world.exchange.clock({ action: 'advanceTo', toMs: barCloseMs + 1 });
    const { warmupBars } = findStrategy('rsi').parse({ period: PERIOD });
    const history = await world.port.bars({
      symbol: SYMBOL,
      timeframe: TIMEFRAME,
      limit: warmupBars,
      untilMs: barCloseMs,
    });
    const [rsi] = compute(columnsOf(history), { kind: 'rsi', period: PERIOD });
    const [previous = 0, current = 0] = rsi?.slice(-2) ?? [];
    const oversold = (previous + current) / 2;
    if (current - previous > CLEAR_RISE && oversold > 1 && oversold < 98) return { oversold, barCloseMs };
  }
  throw new Error(`No bar in ${SEARCH_BARS} gives a signal.`);
}

export const settingsOf = (world: World, name: string, oversold = 30): StrategySettings => ({
  ...world.account,
  name,
  strategyId: 'rsi',
  symbols: [SYMBOL],
  timeframe: TIMEFRAME,
  parameters: findStrategy('rsi').parse({ period: PERIOD, oversold, overbought: 99, stopAtr: 20 }).parameters,
  limits: world.limits,
  graceMs: 0,
  entryTtlBars: 60,
  maxHoldingBars: null,
});

/**
 * A trading cycle that will decide to enter, not started yet, and the position that it will be granted: the way of an order
 * from its very first step.
 * @param name of the strategy, another one for each cycle
 */
export async function prepareCycle(
  world: World,
  name: string,
): Promise<{
  readonly position: GrantedPosition;
  readonly settings: StrategySettings;
  readonly workflowId: string;
  readonly start: () => Promise<void>;
}> {
  const { oversold, barCloseMs } = await findEntry(world);
  const { session } = await clockOf(world);
  const { account } = world.account;
  const settings = settingsOf(world, name, oversold);
  const key = { account, session, strategy: name, symbol: SYMBOL, barCloseMs };
  const input: TradingCycleInput = {
    settings,
    session,
    barCloseMs,
    previousBarCloseMs: null,
    entriesPaused: false,
  };
  const workflowId = workflowIds.tradingCycle(account, session, name, barCloseMs);
  const reference = { ...world.account, positionId: positionIdOf(key), strategy: name, symbol: SYMBOL };
  return {
    position: new GrantedPosition(world, reference, session),
    settings,
    workflowId,
    start: async () => {
      await world.client.workflow.start('tradingCycle', {
        ...startOptions,
        workflowId,
        args: [input],
      });
    },
  };
}

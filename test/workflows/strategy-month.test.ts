import type { EvaluateInput } from '../../activities/evaluation';
import type { Decision as JournaledDecision } from '../../adapters/store/port';
import type { Bar } from '../../domain/bar';
import { columnsOf } from '../../domain/bar-columns';
import { RefusalCode } from '../../domain/errors';
import { ExitReason } from '../../domain/position';
import { findStrategy } from '../../domain/strategies/registry';
import type { Decision } from '../../domain/strategy';
import { resample } from '../../domain/timeframes';
import {
  flattenSignal,
  resumeSignal,
  strategyProgressQuery,
  workflowIds,
  type StrategyInput,
  type StrategyProgress,
} from '../../workflows/contract';
import { DEPLOYMENT, grantOf } from '../activities/bench';
import { BTC } from '../domain/fixtures';
import { agreeOnReasons, decideOnColumns, simulatedMinutes } from '../domain/parity';
import { Harness, type World } from './harness';

const HOUR_MS = 3_600_000;
const MONTH_HOURS = 30 * 24;
/** Enough for what the strategy looks back. */
const WARMUP_HOURS = 40 * 24;
/** Of wall time: 720 cycles take a minute, and a busy machine three. */
const TIME_LIMIT_MS = 480_000;
const by = { by: 'tester', reason: 'a test' };
const STRATEGY_ID = 'ema-cross';
const OWN = { symbol: BTC.symbol, timeframe: '1h' } as const;
const PARAMETERS = { minAdx: null };

/** Hours of the simulated market about a price of 100, the first of them opening at `fromMs`. */
function hoursFrom(fromMs: number): readonly Bar[] {
  const days = (WARMUP_HOURS + MONTH_HOURS) / 24 + 2;
  const { bars } = resample({ timeframe: '1m', bars: simulatedMinutes(11, days) }, '1h');
  const scale = 100 / (bars.close[0] ?? NaN);
  const price = (value: number): number => Number((value * scale).toFixed(4));
  return Array.from(bars.openTimeMs, (_, index) => ({
    openTimeMs: fromMs + index * HOUR_MS,
    open: price(bars.open[index] ?? NaN),
    high: price(bars.high[index] ?? NaN),
    low: price(bars.low[index] ?? NaN),
    close: price(bars.close[index] ?? NaN),
    volume: bars.volume[index] ?? NaN,
  }));
}

/**
 * Positions that are opened as soon as they are proposed and closed as soon as the strategy says so, without workflows of their
 * own: those ask about their orders every minute, and a month has too many of them.
 */
function holdAtOnce(world: World): void {
  const { real, script, store, deps, account, exchange } = world;
  const submit = (positionId: string, leg: 'entry' | 'exit') =>
    deps.desk.submit({
      ...{ deployment: DEPLOYMENT, positionId, leg, sequence: 0, stopPrice: null, replaces: null },
      type: leg === 'entry' ? 'limit' : 'market',
    });
  script.sizePosition = async ({ strategy, barCloseMs, timeframe, proposal }) => {
    const { referencePrice: limitPrice, stopPrice, targetPrice, trailDistance } = proposal;
    const positionId = `position/${account}/s1/${strategy}/BTC-USDT/${barCloseMs}`;
    store.orders.open(
      grantOf({
        ...{ account, strategy, timeframe, barCloseMs, positionId, limitPrice, stopPrice, targetPrice },
        ...{ trailDistance, expiresAtMs: barCloseMs + HOUR_MS, grantedAtMs: barCloseMs },
      }),
    );
    exchange.moveTo(limitPrice);
    await submit(positionId, 'entry');
    return { granted: false, code: RefusalCode.NotActive, message: 'its workflow is not wanted here' };
  };
  script.evaluateStrategy = async (input) => {
    const decided = await real.evaluateStrategy(input);
    for (const { positionId, exitReason } of await store.livePositions(account))
      if (exitReason !== null) {
        await submit(positionId, 'exit');
        await store.closePosition(positionId, ExitReason.Strategy, exchange.marketTimeMs());
      }
    return decided;
  };
}

/** Whether the journal tells what the backtester would have decided at this bar, holding what was held. */
function isSameDecision(journaled: JournaledDecision, expected: Decision): boolean {
  const { outcome, reasons } = journaled;
  const isManaged = outcome === 'exit' || outcome === 'trail';
  // What is managed begins with what is done, and an exit ends with why the position was entered.
  const first = isManaged ? 1 : 0;
  const own = reasons.slice(first, first + expected.reasons.length);
  const enters = outcome === 'enter' || outcome === 'skipped';
  const kinds = enters === (expected.kind === 'enter') && (expected.kind !== 'exit' || outcome === 'exit');
  return kinds && agreeOnReasons(own, expected.reasons);
}

describe('strategy', () => {
  let harness: Harness;
  // A server that has lost its clock (see `Harness`) is replaced by another.
  jest.retryTimes(2);
  beforeEach(async () => {
    harness = await Harness.start();
  });
  afterEach(async () => {
    await harness.shutdown();
  });

  it(
    'decides every hour of a month once and as a backtest does, passes over missing ones, and loses no message when it continues as new',
    async () => {
      const world = await harness.newWorld({ notifyPosition: () => Promise.resolve(true) });
      const firstMs = Math.ceil(world.time.nowMs / HOUR_MS) * HOUR_MS;
      const hours = hoursFrom(firstMs - WARMUP_HOURS * HOUR_MS);
      const barAt = (openTimeMs: number): Bar => {
        const bar = hours[(openTimeMs - firstMs) / HOUR_MS + WARMUP_HOURS];
        if (bar === undefined) throw new Error(`The market has no bar of ${openTimeMs}.`);
        return bar;
      };
      world.exchange.history = barAt;
      const missing = [3, 100, 101].map((index) => firstMs + index * HOUR_MS);
      for (const closeMs of missing) world.exchange.missingBars.add(closeMs);
      holdAtOnce(world);
      const settings = harness.settings({ strategyId: STRATEGY_ID, parameters: PARAMETERS, timeframe: '1h' });
      const id = workflowIds.strategy(world.account, settings.name);
      const handle = await harness.start<(input: StrategyInput) => Promise<StrategyProgress>>(
        'strategy',
        id,
        {
          settings,
        },
      );
      const evaluations = (): readonly EvaluateInput[] =>
        world.calls
          .filter(({ name }) => name === 'evaluateStrategy')
          .map(({ input }) => input as EvaluateInput);
      const { runId: firstRun } = await handle.describe();
      const sent: Promise<void>[] = [];
      await harness.until(
        () => {
          // Somewhere among these a run ends and the next begins.
          const { length } = evaluations();
          if (length >= 60 && length <= 120) sent.push(handle.signal(flattenSignal, by));
          if (length === 121) sent.push(handle.signal(resumeSignal, by));
          return length >= MONTH_HOURS;
        },
        { stepMs: HOUR_MS, limitMs: 32 * 24 * HOUR_MS },
      );
      await Promise.all(sent);

      const closes = evaluations().map(({ barCloseMs }) => barCloseMs);
      expect(closes).toEqual(closes.map((_, index) => (closes[0] ?? 0) + index * HOUR_MS));
      expect(world.store.decisions).toHaveLength(closes.length);
      const passedOver = world.store.decisions.filter(
        ({ reasons: [first] }) => first?.code === RefusalCode.StaleData,
      );
      expect(passedOver.map(({ barCloseMs }) => barCloseMs)).toEqual(missing);
      expect(new Set(passedOver.map(({ outcome }) => outcome))).toEqual(new Set(['skipped']));

      const present = hours.filter(({ openTimeMs }) => !missing.includes(openTimeMs + HOUR_MS));
      const columns = columnsOf(present);
      const decide = decideOnColumns(findStrategy(STRATEGY_ID).parse(PARAMETERS), OWN, () => columns);
      const indexOf = new Map(present.map(({ openTimeMs }, index) => [openTimeMs + HOUR_MS, index]));
      const differing = world.store.decisions.flatMap((journaled) => {
        const index = indexOf.get(journaled.barCloseMs);
        if (index === undefined) return [];
        const expected = decide(index, journaled.positionId === null ? null : 'long');
        return isSameDecision(journaled, expected) ? [] : [{ journaled, expected }];
      });
      expect(differing.slice(0, 2)).toEqual([]);
      const made = (outcome: string): number =>
        world.store.decisions.filter((decision) => decision.outcome === outcome).length;
      expect(made('enter')).toBeGreaterThan(5);
      expect(made('exit')).toBeGreaterThan(5);
      expect(await handle.query(strategyProgressQuery)).toMatchObject({
        mode: 'running',
        cycles: closes.length,
        skippedBars: 0,
      });
      expect((await harness.handle(id).describe()).runId).not.toBe(firstRun);
      expect(sent.length).toBeGreaterThan(5);
      const flattens = world.calls.filter(({ name }) => name === 'flattenPositions').length;
      expect(flattens).toBeGreaterThanOrEqual(sent.length);
    },
    TIME_LIMIT_MS,
  );
});

import { RefusalCode } from '../../domain/errors';
import type { EvaluateInput } from '../../activities/decision';
import {
  flattenSignal,
  strategyProgressQuery,
  workflowIds,
  type StrategyInput,
  type StrategyProgress,
} from '../../workflows/contract';
import { Harness } from './harness';

const DAY_MS = 86_400_000;
/** Of wall time: 672 cycles take a busy machine minutes. */
const TIME_LIMIT_MS = 600_000;
const by = { by: 'tester', reason: 'a test' };

describe('strategy', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await Harness.start();
  });
  afterAll(async () => {
    await harness.shutdown();
  });

  it(
    'decides every bar of a week once, passes over missing ones, and loses no message when it continues as new',
    async () => {
      const world = await harness.newWorld();
      const quarterMs = 15 * 60_000;
      const firstMs = Math.ceil(world.time.nowMs / quarterMs) * quarterMs;
      const missing = [firstMs + 3 * quarterMs, firstMs + 100 * quarterMs, firstMs + 101 * quarterMs];
      for (const closeMs of missing) world.exchange.missingBars.add(closeMs);
      const settings = harness.settings({ timeframe: '15m' });
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
          if (evaluations().length >= 60 && evaluations().length <= 120)
            sent.push(handle.signal(flattenSignal, by));
          return evaluations().length >= 672;
        },
        { stepMs: quarterMs, limitMs: 8 * DAY_MS },
      );
      await Promise.all(sent);

      const closes = evaluations().map(({ barCloseMs }) => barCloseMs);
      expect(closes).toEqual(closes.map((_, index) => (closes[0] ?? 0) + index * quarterMs));
      expect(world.store.decisions).toHaveLength(closes.length);
      const passedOver = world.store.decisions.filter(({ outcome }) => outcome === 'skipped');
      expect(passedOver.map(({ barCloseMs }) => barCloseMs)).toEqual(missing);
      expect(passedOver[0]?.reasons[0]?.code).toBe(RefusalCode.StaleData);
      expect(await handle.query(strategyProgressQuery)).toMatchObject({
        mode: 'paused',
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

import { RefusalCode } from '../../domain/errors';
import { decimal } from '../../domain/decimal';
import { ApplicationFailure } from '@temporalio/common';
import type { EvaluateInput } from '../../activities/evaluation';
import {
  flattenSignal,
  pauseSignal,
  resumeSignal,
  SEARCH_ATTRIBUTES,
  stopSignal,
  strategyProgressQuery,
  workflowIds,
  type StrategyInput,
  type StrategyProgress,
  type StrategySettings,
} from '../../workflows/contract';
import { BTC } from '../domain/fixtures';
import { Harness, type World } from './harness';

const DAY_MS = 86_400_000;
const by = { by: 'tester', reason: 'a test' };
const proposal = {
  symbol: BTC.symbol,
  referencePrice: decimal('100'),
  stopPrice: decimal('90'),
  targetPrice: decimal('130'),
  trailDistance: null,
};

describe('strategy', () => {
  let harness: Harness;
  let world: World;
  beforeEach(async () => {
    harness = await Harness.start();
    world = await harness.newWorld();
  });
  afterEach(async () => {
    await harness.shutdown();
  });

  async function run(change: Partial<StrategySettings> = {}) {
    const settings = harness.settings(change);
    const id = workflowIds.strategy(world.account, settings.name);
    const handle = await harness.start<(input: StrategyInput) => Promise<StrategyProgress>>('strategy', id, {
      settings,
    });
    return { id, handle, settings, progress: () => handle.query(strategyProgressQuery) };
  }

  const evaluations = (): readonly EvaluateInput[] =>
    world.calls.filter(({ name }) => name === 'evaluateStrategy').map(({ input }) => input as EvaluateInput);
  const callsOf = (name: string): number => world.calls.filter((call) => call.name === name).length;

  /** The next bar is decided with an entry, and everything after it with nothing. */
  function enterOnce(before: () => Promise<void> = () => Promise.resolve()): void {
    let entered = false;
    world.script.evaluateStrategy = async () => {
      if (entered) return [{ symbol: BTC.symbol, outcome: 'hold', reasons: [], proposal: null }];
      entered = true;
      await before();
      const reasons = [{ code: 'scripted', text: 'the script says so' }];
      return [{ symbol: BTC.symbol, outcome: 'enter', reasons, proposal }];
    };
  }

  it('pauses and resumes entries, and repeated messages change nothing', async () => {
    const { id, handle, progress } = await run();
    const mode = async () => (await handle.describe()).typedSearchAttributes.get(SEARCH_ATTRIBUTES.mode);
    await harness.until(() => evaluations().length === 1);
    expect(evaluations().at(-1)?.entriesPaused).toBe(false);
    expect(await mode()).toBe('running');

    await handle.signal(pauseSignal, { by: 'tester', reason: 'first' });
    await handle.signal(pauseSignal, { by: 'tester', reason: 'again' });
    await harness.pass(300_000);
    expect(evaluations().at(-1)?.entriesPaused).toBe(true);
    expect(await progress()).toMatchObject({ mode: 'paused', modeReason: 'first (tester)' });
    expect(await mode()).toBe('paused');
    expect(await harness.detailsOf(id)).toMatch(/^\*\*paused\*\*: first \(tester\)/);

    await handle.signal(resumeSignal, by);
    await handle.signal(resumeSignal, by);
    await harness.pass(300_000);
    expect(evaluations().at(-1)?.entriesPaused).toBe(false);
    expect((await progress()).mode).toBe('running');
  });

  it('takes what was sent before its run began in the order in which it was sent', async () => {
    const settings = harness.settings();
    const progress = { session: null, lastBarCloseMs: null, managedToMs: null, cycles: 3, skippedBars: 0 };
    const carried: StrategyProgress = { ...progress, mode: 'paused', modeReason: 'before (tester)' };
    const handle = await harness.client.workflow.start<(input: StrategyInput) => Promise<StrategyProgress>>(
      'strategy',
      {
        taskQueue: 'later',
        workflowId: workflowIds.strategy(world.account, settings.name),
        args: [{ settings, carried }],
      },
    );
    await handle.signal(resumeSignal, by);
    await handle.signal(pauseSignal, { by: 'tester', reason: 'the last word' });
    const worker = await harness.serve('later');
    expect(await handle.query(strategyProgressQuery)).toMatchObject({
      mode: 'paused',
      modeReason: 'the last word (tester)',
    });
    await handle.signal(stopSignal, { ...by, flatten: false });
    await handle.result();
    await worker.stop();
  });

  it('manages what it holds while it is paused', async () => {
    enterOnce();
    const { handle } = await run();
    await harness.until(() => Number(world.exchange.offered()) > 0);
    await handle.signal(pauseSignal, by);
    delete world.script.evaluateStrategy;
    world.exchange.price = decimal('131'); // the target is 130
    await harness.until(() => world.store.orders.positions(world.account)[0]?.state === 'closed', {
      stepMs: 5_000,
      limitMs: 900_000,
    });
    expect(world.store.orders.positions(world.account)[0]?.exitReason).toBe('target');
  });

  it('ends on its word, leaving positions to their owners', async () => {
    enterOnce();
    const { handle } = await run();
    await harness.until(() => Number(world.exchange.offered()) > 0);
    await handle.signal(stopSignal, { ...by, flatten: false });
    await harness.until(async () => (await handle.describe()).status.name === 'COMPLETED');
    expect((await handle.result()).mode).toBe('stopping');
    const [position] = world.store.orders.positions(world.account);
    expect(position).toMatchObject({ state: 'live', exitReason: null });
    expect(await harness.statusOf(position?.positionId ?? '')).toBe('RUNNING');
  });

  it('ends and closes what it holds when asked to', async () => {
    enterOnce();
    const { handle } = await run();
    await harness.until(() => Number(world.exchange.offered()) > 0);
    await handle.signal(stopSignal, { ...by, flatten: true });
    await harness.until(() => world.store.orders.positions(world.account)[0]?.state === 'closed');
    expect(world.store.orders.positions(world.account)[0]?.exitReason).toBe('flatten');
    expect(await harness.statusOf(handle.workflowId)).toBe('COMPLETED');
  });

  it.each(['flatten', 'stop'] as const)(
    'closes what a cycle opens while a %s is being carried out',
    async (wish) => {
      const { handle } = await run();
      enterOnce(() =>
        wish === 'flatten'
          ? handle.signal(flattenSignal, by)
          : handle.signal(stopSignal, { ...by, flatten: true }),
      );
      await harness.until(() => world.store.orders.positions(world.account)[0]?.state === 'closed', {
        stepMs: 5_000,
        limitMs: 900_000,
      });
      expect(world.store.orders.positions(world.account)[0]?.exitReason).toBe('flatten');
    },
  );

  it('skips bars that a slow cycle lets pass, and decides the newest one next', async () => {
    world.exchange.hurry(60); // a one-minute bar takes a second
    let failures = 0;
    const { fetchCandles } = world.real;
    world.script.fetchCandles = (input) => {
      if (evaluations().length === 2 && failures < 4) {
        failures += 1; // the pauses between its tries add up to four seconds
        return Promise.reject(new Error('scripted outage'));
      }
      return fetchCandles(input);
    };
    const { progress } = await run({ timeframe: '1m', graceMs: 100 });
    await harness.until(() => evaluations().length >= 8);
    const { cycles, skippedBars } = await progress();
    const closes = evaluations().map(({ barCloseMs }) => barCloseMs);
    expect(skippedBars).toBeGreaterThanOrEqual(2);
    expect(new Set(closes).size).toBe(closes.length);
    const spanBars = ((closes.at(-1) ?? 0) - (closes[0] ?? 0)) / 60_000 + 1;
    expect(spanBars).toBe(closes.length + skippedBars);
    expect(cycles).toBeLessThanOrEqual(closes.length);
  });

  it('asks for the clock once: every cycle brings it along for the next bar', async () => {
    await run({ graceMs: 100 });
    await harness.until(() => evaluations().length >= 6, { stepMs: 60_000, limitMs: DAY_MS });
    const closes = evaluations().map(({ barCloseMs }) => barCloseMs);
    expect(closes).toEqual(closes.map((_, index) => (closes[0] ?? 0) + index * 300_000));
    expect(callsOf('readClock')).toBe(1);
  });

  it('decides no bar that a market which stood still has not had, though its own clock went on', async () => {
    world.exchange.hurry(60);
    let failures = 0;
    const { fetchCandles } = world.real;
    world.script.fetchCandles = (input) => {
      if (evaluations().length !== 2) return fetchCandles(input);
      if (failures === 0) world.exchange.standStill();
      failures += 1;
      // The exchange is down for as long as four bars would have taken.
      if (failures <= 4) return Promise.reject(new Error('scripted outage'));
      world.exchange.goOn();
      return fetchCandles(input);
    };
    const { progress } = await run({ timeframe: '1m', graceMs: 100 });
    await harness.until(() => evaluations().length >= 6);
    const closes = evaluations().map(({ barCloseMs }) => barCloseMs);
    expect(closes).toEqual(closes.map((_, index) => (closes[0] ?? 0) + index * 60_000));
    expect((await progress()).skippedBars).toBe(0);
  });

  it('gives up a bar whose data cannot be had, and goes on with the next', async () => {
    let outage = true;
    const { fetchCandles } = world.real;
    world.script.fetchCandles = (input) =>
      outage ? Promise.reject(ApplicationFailure.nonRetryable('scripted outage')) : fetchCandles(input);
    const { progress } = await run();
    await harness.until(async () => (await progress()).cycles === 1);
    expect(evaluations()).toHaveLength(0);
    outage = false;
    await harness.pass(301_000);
    expect(evaluations()).toHaveLength(1);
  });

  it('waits while the market stands still, and begins anew in a new session', async () => {
    const { progress } = await run();
    await harness.until(() => evaluations().length === 2, { stepMs: 60_000, limitMs: DAY_MS });
    world.exchange.state = 'paused';
    await harness.pass(300_000); // one more may be due before the standstill is noticed
    const decided = evaluations().length;
    await harness.pass(600_000);
    expect(evaluations()).toHaveLength(decided);
    world.exchange.state = 'ended';
    await harness.pass(600_000);
    expect(evaluations()).toHaveLength(decided);

    world.exchange.state = 'running';
    world.exchange.session = 's2';
    await harness.pass(10_000);
    expect(evaluations().at(-1)).toMatchObject({ session: 's2', previousBarCloseMs: null });
    expect(await progress()).toMatchObject({ session: 's2', skippedBars: 0 });
  });

  it('does not decide a bar again that a run before it decided', async () => {
    const first = await run({ timeframe: '1h' });
    await harness.until(() => evaluations().length === 1);
    await harness.terminate(first.id);
    const second = await run({ timeframe: '1h' });
    await harness.until(async () => (await second.progress()).cycles === 1);
    expect(evaluations()).toHaveLength(1);
  });

  it('shows the decision of a cycle, and what was refused and why', async () => {
    enterOnce();
    await world.store.setMode(world.account, 'REDUCING', { reason: 'a test', by: 'tester' });
    const { settings } = await run();
    await harness.until(() => callsOf('sizePosition') === 1);
    const { barCloseMs } = evaluations()[0] ?? { barCloseMs: 0 };
    const cycle = harness.handle(workflowIds.tradingCycle(world.account, 's1', settings.name, barCloseMs));
    await harness.until(async () => (await cycle.describe()).status.name === 'COMPLETED');
    const { typedSearchAttributes } = await cycle.describe();
    expect(typedSearchAttributes.get(SEARCH_ATTRIBUTES.decision)).toBe(RefusalCode.NotActive);
    expect(typedSearchAttributes.get(SEARCH_ATTRIBUTES.account)).toBe(world.account);
    expect(world.store.orders.positions(world.account)).toHaveLength(0);
  });
});

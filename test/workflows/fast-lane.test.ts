import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { EvaluateInput } from '../../activities/evaluation';
import type { LaneEnd, OpenLaneInput, RunLaneInput } from '../../activities/lane/contract';
import {
  configureStrategySignal,
  flattenSignal,
  pauseForNewsSignal,
  pauseSignal,
  resumeSignal,
  stopSignal,
  strategyProgressQuery,
  workflowIds,
  type StrategyInput,
  type StrategyProgress,
  type StrategySettings,
} from '../../workflows/contract';
import { Harness, type World } from './harness';

const by = { by: 'tester', reason: 'a test' };
const SOON = { stepMs: 20, limitMs: 20_000 };

/** A lane that runs on the test's word. */
interface Played {
  readonly input: RunLaneInput;
  readonly finish: (end: LaneEnd['reason'] | Error) => void;
  isOver: boolean;
}

/** Far beyond what any history here reaches. */
const SUGGEST_AT = 10_000;

/** On a dev server: a lane that runs keeps the clock of the test server from skipping. */
describe('the fast lane', () => {
  let harness: Harness;
  let world: World;
  let lanes: Played[];
  let opened: OpenLaneInput[];

  /** What was asked of the journal, of the lane and of positions, in order. */
  const steps = (): readonly string[] =>
    world.calls
      .filter(({ name }) => ['openLane', 'runLane', 'flattenPositions'].includes(name))
      .map(({ name, input }) => {
        if (name === 'flattenPositions') return 'flatten';
        const { entriesPaused } = input as OpenLaneInput;
        return `${name === 'openLane' ? 'open' : 'run'} ${entriesPaused ? 'paused' : 'trading'}`;
      });
  const callsOf = (wanted: string): number => world.calls.filter(({ name }) => name === wanted).length;
  const evaluations = (): readonly number[] =>
    world.calls
      .filter(({ name }) => name === 'evaluateStrategy')
      .map(({ input }) => (input as EvaluateInput).barCloseMs);

  async function begin(): Promise<void> {
    world = await harness.newWorld();
    lanes = [];
    opened = [];
    const { openLane } = world.real;
    world.script.openLane = (input) => {
      opened.push(input);
      return openLane(input);
    };
    world.script.runLane = (input) => {
      const { cancelled } = Context.current();
      const ended = new Promise<LaneEnd>((resolve, reject) => {
        const lane: Played = {
          input,
          isOver: false,
          finish: (end) => {
            lane.isOver = true;
            if (end instanceof Error) reject(end);
            else resolve({ reason: end });
          },
        };
        lanes.push(lane);
      });
      return Promise.race([ended, cancelled]);
    };
  }

  async function run(change: Partial<StrategySettings> = { lane: 'fast' }) {
    const settings = harness.settings(change);
    const id = workflowIds.strategy(world.account, settings.name);
    const handle = await harness.start<(input: StrategyInput) => Promise<StrategyProgress>>('strategy', id, {
      settings,
    });
    return { id, handle, settings, progress: () => handle.query(strategyProgressQuery) };
  }

  const running = (count: number) => harness.until(() => lanes.length === count, SOON);
  const lane = (index: number): Played => {
    const found = lanes[index];
    if (found === undefined) throw new Error(`There is no lane ${index}.`);
    return found;
  };
  const end = (): void => {
    for (const each of lanes) if (!each.isOver) each.finish('superseded');
  };

  beforeAll(async () => {
    harness = await Harness.startOnDevServer(SUGGEST_AT);
  });
  beforeEach(begin);
  afterEach(end);
  afterAll(() => harness.shutdown());

  describe('is supervised', () => {
    it('is opened, and runs in the session of its market, instead of cycles', async () => {
      const { id, handle, settings, progress } = await run();
      await running(1);
      const { account, name, symbols, timeframe, strategyId, parameters, limits } = settings;
      expect(opened).toEqual([{ account, strategy: name, entriesPaused: false, reason: 'running: started' }]);
      expect(lane(0).input).toMatchObject({
        ...{ session: 's1', generation: 1, entriesPaused: false, newsPause: null },
        settings: { account, name, symbols, timeframe, strategyId, parameters, limits },
      });
      expect(await progress()).toMatchObject({
        ...{ mode: 'running', session: 's1', lastBarCloseMs: null, lane: { generation: 1, lastEnd: null } },
      });
      expect(await harness.detailsOf(id)).toMatch(/Fast lane: generation 1 since \d{4}-/);
      expect(world.calls.map(({ name: called }) => called)).not.toContain('fetchCandles');
      expect((await handle.describe()).status.name).toBe('RUNNING');
    });

    it('is followed at once by a paused one when it is paused, whatever has become of it', async () => {
      const { id, handle, progress } = await run();
      await running(1);
      await handle.signal(pauseSignal, { by: 'tester', reason: 'first' });
      await running(2);
      expect(lane(0).isOver).toBe(false);
      expect(lane(1).input).toMatchObject({ generation: 2, entriesPaused: true });
      expect(opened.at(-1)).toMatchObject({ entriesPaused: true, reason: 'paused: first (tester)' });
      expect(await harness.detailsOf(id)).toMatch(
        /generation 2 since .*\. The one before it ended: paused: first \(tester\)\./,
      );
      await handle.signal(pauseSignal, { by: 'tester', reason: 'again' });
      await handle.signal(resumeSignal, by);
      await running(3);
      expect(lane(2).input).toMatchObject({ generation: 3, entriesPaused: false });
      expect(await progress()).toMatchObject({ mode: 'running', lane: { generation: 3 } });
      expect(steps()).toEqual([
        ...['open trading', 'run trading', 'open paused', 'run paused'],
        ...['open trading', 'run trading'],
      ]);
    });

    it('never runs with what has changed while it was being opened', async () => {
      const { openLane } = world.real;
      const gate: { open?: () => void } = {};
      world.script.openLane = (input) =>
        gate.open === undefined
          ? new Promise<void>((resolve) => (gate.open = resolve)).then(() => openLane(input))
          : openLane(input);
      const { handle, progress } = await run();
      await harness.until(() => gate.open !== undefined, SOON);
      await handle.signal(pauseSignal, by);
      await harness.until(async () => (await progress()).mode === 'paused', SOON);
      gate.open?.();
      await running(1);
      expect(steps()).toEqual(['open trading', 'open paused', 'run paused']);
      expect(lane(0).input.generation).toBe(2);
    });

    it('is told of a rest for news, the longest there is', async () => {
      const { handle } = await run();
      await running(1);
      const rest = { untilMs: 4_000_000_000_000, reason: 'a hack' };
      await handle.signal(pauseForNewsSignal, rest);
      await running(2);
      expect(lane(1).input).toMatchObject({ newsPause: rest, entriesPaused: false });
      await handle.signal(pauseForNewsSignal, { untilMs: 1_000, reason: 'over long ago' });
      await handle.signal(configureStrategySignal, harness.settings({ lane: 'fast', timeframe: '1m' }));
      await running(3);
      expect(lane(2).input).toMatchObject({ generation: 3, newsPause: rest, settings: { timeframe: '1m' } });
    });

    it('is fenced before its positions are closed, and the next one waits for that', async () => {
      const { flattenPositions } = world.real;
      const gate: { open?: () => void } = {};
      world.script.flattenPositions = (input) =>
        new Promise<void>((resolve) => (gate.open = resolve)).then(() => flattenPositions(input));
      const { handle } = await run();
      await running(1);
      await handle.signal(flattenSignal, { by: 'tester', reason: 'out' });
      await handle.signal(resumeSignal, by);
      await harness.until(() => gate.open !== undefined, SOON);
      expect(steps()).toEqual(['open trading', 'run trading', 'open paused', 'flatten']);
      gate.open?.();
      await running(2);
      expect(steps().slice(4)).toEqual(['open trading', 'run trading']);
      expect(lane(1).input.generation).toBe(3);
    });

    it('is fenced and opened again by a flatten in a pause', async () => {
      const { handle } = await run();
      await running(1);
      await handle.signal(pauseSignal, by);
      await running(2);
      await handle.signal(flattenSignal, by);
      await running(3);
      expect(steps().slice(4)).toEqual(['open paused', 'flatten', 'open paused', 'run paused']);
    });

    it.each([
      { flatten: false, last: ['open paused'] },
      { flatten: true, last: ['open paused', 'flatten'] },
    ])('is fenced before its strategy ends: %j', async ({ flatten, last }) => {
      const { handle } = await run();
      await running(1);
      await handle.signal(stopSignal, { ...by, flatten });
      const result = await handle.result();
      expect(result).toMatchObject({ mode: 'stopping' });
      expect(result.lane).toBeUndefined();
      expect(steps().slice(2)).toEqual(last);
    });

    it('is fenced when its workflow is cancelled', async () => {
      const { handle } = await run();
      await running(1);
      await handle.cancel();
      await harness.until(async () => (await handle.describe()).status.name === 'CANCELLED', SOON);
      expect(steps()).toEqual(['open trading', 'run trading', 'open paused']);
      expect(opened.at(-1)?.reason).toBe('its workflow was cancelled');
    });

    it('goes on in the next session, which the news of the old one do not concern', async () => {
      const { handle, progress } = await run();
      await running(1);
      await handle.signal(pauseForNewsSignal, { untilMs: 4_000_000_000_000, reason: 'a hack' });
      await running(2);
      world.exchange.session = 's2';
      lane(1).finish('session-over');
      await running(3);
      expect(lane(2).input).toMatchObject({ session: 's2', newsPause: null });
      expect(await progress()).toMatchObject({
        session: 's2',
        lane: { lastEnd: 'the market began a new session' },
      });
    });

    it.each([
      ['superseded', 'another lane had been opened'],
      [ApplicationFailure.nonRetryable('scripted'), 'it failed'],
    ] as const)('is opened again when it ends as %p', async (how, lastEnd) => {
      const { progress } = await run();
      await running(1);
      lane(0).finish(how);
      await running(2);
      expect(lane(1).input).toMatchObject({ generation: 2, entriesPaused: false });
      expect(await progress()).toMatchObject({ mode: 'running', lane: { generation: 2, lastEnd } });
    });

    it('is tried again by the server, which adds nothing to the history of its workflow', async () => {
      const { handle, progress } = await run();
      await running(1);
      const { historyLength } = await handle.describe();
      lane(0).finish(new Error('a worker has died'));
      await running(2);
      lane(1).finish(new Error('and another one'));
      await running(3);
      expect((await handle.describe()).historyLength).toBe(historyLength);
      expect(lane(2).input).toEqual(lane(0).input);
      expect((await progress()).lane).toMatchObject({ generation: 1, lastEnd: null });
    });

    it('waits for a market that stands still, and can be paused before it moves', async () => {
      world.exchange.state = 'paused';
      const { handle, progress } = await run();
      await harness.until(() => callsOf('readClock') === 2, SOON);
      expect(steps()).toEqual(['open trading']);
      await handle.signal(pauseSignal, by);
      await harness.until(() => opened.length === 2, SOON);
      world.exchange.state = 'running';
      await running(1);
      expect(lane(0).input).toMatchObject({ generation: 2, entriesPaused: true });
      expect((await progress()).mode).toBe('paused');
    });

    it('is paused though the market cannot be reached', async () => {
      const { handle } = await run();
      await running(1);
      world.script.readClock = () => Promise.reject(ApplicationFailure.nonRetryable('scripted outage'));
      await handle.signal(pauseSignal, by);
      await harness.until(() => opened.length === 2, SOON);
      expect(opened[1]).toMatchObject({ entriesPaused: true });
      await handle.signal(stopSignal, { ...by, flatten: false });
      expect(await handle.result()).toMatchObject({ mode: 'stopping' });
    });
  });

  describe('and the durable path', () => {
    beforeEach(() => {
      world.exchange.hurry(60); // a one-minute bar takes a second
    });
    const bars = { timeframe: '1m', graceMs: 20 } as const;

    it('takes over from the durable path when its cycle is done', async () => {
      const gate: { open?: () => void } = {};
      const { evaluateStrategy } = world.real;
      world.script.evaluateStrategy = (input) =>
        new Promise<void>((resolve) => (gate.open = resolve)).then(() => evaluateStrategy(input));
      const { handle } = await run(bars);
      await harness.until(() => gate.open !== undefined, SOON);
      await handle.signal(configureStrategySignal, harness.settings({ ...bars, lane: 'fast' }));
      await harness.pass(500);
      expect(opened).toHaveLength(0);
      gate.open?.();
      await running(1);
      const { length } = evaluations();
      await harness.pass(2_500);
      expect(evaluations()).toHaveLength(length);
    });

    it('hands over to the durable path, which decides no bar that the lane may have decided', async () => {
      const { handle, progress } = await run({ ...bars, lane: 'fast' });
      await running(1);
      const fenced: { atMs?: number } = {};
      const { openLane } = world.real;
      world.script.openLane = async (input) => {
        const generation = await openLane(input);
        fenced.atMs = world.exchange.marketTimeMs();
        return generation;
      };
      await handle.signal(configureStrategySignal, harness.settings(bars));
      await harness.until(() => evaluations().length >= 2, SOON);
      expect(steps()).toEqual(['open trading', 'run trading', 'open paused']);
      expect(evaluations()[0]).toBeGreaterThan(fenced.atMs ?? Infinity);
      const state = await progress();
      expect(state).toMatchObject({ mode: 'running', skippedBars: 0 });
      expect(state.lane).toBeUndefined();
    });
  });
});

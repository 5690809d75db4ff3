import { createReflectionActivities } from '../../activities/intelligence/reflection';
import type { ModelManager } from '../../adapters/llm/manager';
import { MemoryKeeper } from '../../workers/memory-keeper';
import { decimal } from '../../domain/decimal';
import { Leg, OrderEvent } from '../../domain/order';
import { loadConfig } from '../../config/load';
import { workflowIds, type PositionInput, type ReflectionInput } from '../../workflows/contract';
import type { reflection } from '../../workflows';
import { noModels } from '../activities/intelligence-bench';
import { Harness, type World } from './harness';

const ON = { embedding: true, reflection: true };

describe('a reflection', () => {
  let harness: Harness;
  let world: World;
  beforeAll(async () => {
    harness = await Harness.start();
  });
  afterAll(() => harness.shutdown());
  beforeEach(async () => {
    world = await harness.newWorld();
  });

  /** A trade that was bought at 100 and stopped out at 90. */
  async function closedTrade(): Promise<PositionInput> {
    const input = harness.grant();
    const { positionId, account } = input;
    const { store } = world;
    const [entry, stop] = [Leg.Entry, Leg.Stop].map((leg) =>
      store.orders.known(positionId).orders.find((order) => order.leg === leg),
    );
    for (const [order, price] of [
      [entry, '100'],
      [stop, '90'],
    ] as const) {
      if (order === undefined) throw new Error('It has no bracket.');
      const { clientOrderId, side, symbol } = order;
      const common = { symbol, clientOrderId, exchangeOrderId: clientOrderId, side, tradeId: clientOrderId };
      const amounts = { price: decimal(price), quantity: decimal('1'), fee: decimal('0'), feeAsset: 'BNB' };
      const fill = { ...common, ...amounts, liquidity: 'taker' as const, marketTimeMs: world.time.nowMs };
      await store.recordFills(account, [fill], 'look-up');
      await store.recordEvent({ clientOrderId, event: OrderEvent.SeenFilled });
    }
    await store.closePosition(positionId, 'stop', world.time.nowMs);
    return input;
  }

  const inputOf = (trade: PositionInput, models = ON): ReflectionInput => ({ ...trade, models });
  async function reflect(trade: PositionInput, models = ON) {
    const id = workflowIds.reflection(trade.positionId);
    return (await harness.start<typeof reflection>('reflection', id, inputOf(trade, models))).result();
  }

  /** A model for both roles; `reflections` counts how often it was asked for one. */
  function withModel(answers = true) {
    const asked = { reflections: 0 };
    const none = {
      answered: false,
      kind: 'over-budget',
      message: 'The budget is spent.',
      tried: [],
    } as const;
    const found = { model: 'big', requestHash: 'h', source: 'model' } as const;
    const lesson = { judgement: 'doubtful', lesson: 'Wait for the retest.' };
    const models: ModelManager = {
      ...noModels,
      embed: () =>
        Promise.resolve({
          ...{ answered: true, ...found, isRepaired: false, tried: [] },
          value: { vectors: [[1, 0]], modelIdentity: 'x:big' },
        }),
      ask: (_question, options) => {
        asked.reflections += 1;
        options?.onCall?.(String(asked.reflections));
        return Promise.resolve(
          answers
            ? // The form's type is the question's.
              { ...{ answered: true, ...found, isRepaired: false, tried: [] }, value: lesson as never }
            : none,
        );
      },
    };
    const deps = { ...world.intelligence, models, isConfigured: () => true };
    Object.assign(world.script, createReflectionActivities(deps));
    return asked;
  }

  it('keeps the facts alone where no model is configured, and says so', async () => {
    const trade = await closedTrade();
    const missing = 'no model is configured for the role reflection';
    expect(await reflect(trade, { embedding: false, reflection: false })).toEqual({
      ...{ remembered: true, embedded: false, missing },
    });
    expect(world.memories.memories.get(trade.positionId)).toMatchObject({
      outcome: { realisedPnl: '-10', exitReason: 'stop' },
    });
    expect(await world.memories.reflection(trade.positionId)).toMatchObject({ lesson: null, missing });
    expect(world.calls.map(({ name }) => name)).toEqual(['rememberTrade', 'concludeMemory']);
  });

  it('embeds the situation and writes a lesson, with the calls that it cost', async () => {
    const trade = await closedTrade();
    withModel();
    expect(await reflect(trade)).toEqual({ remembered: true, embedded: true, missing: null });
    expect([...world.memories.vectors.entries()]).toEqual([[`${trade.positionId} x:big`, [1, 0]]]);
    expect(await world.memories.reflection(trade.positionId)).toMatchObject({
      ...{ judgement: 'doubtful', lesson: 'Wait for the retest.', model: 'big', callIds: ['1'] },
      prompt: { name: 'trade-reflection', version: 1 },
    });
  });

  it('is written once, though its process dies after the answer', async () => {
    const trade = await closedTrade();
    const asked = withModel();
    const { reflectOnTrade } = world.script;
    let died = false;
    world.script.reflectOnTrade = async (input) => {
      const done = await reflectOnTrade?.(input);
      if (died) return done ?? { missing: 'nothing' };
      died = true;
      throw new Error('The process has died.');
    };
    expect(await reflect(trade)).toMatchObject({ missing: null });
    expect(asked.reflections).toBe(1);
    expect(world.memories.reflections.size).toBe(1);
  });

  it('goes without a lesson when nobody has an answer, or nobody is there to ask', async () => {
    const first = await closedTrade();
    withModel(false);
    expect(await reflect(first)).toMatchObject({ embedded: true, missing: 'The budget is spent.' });
    expect(await world.memories.reflection(first.positionId)).toMatchObject({ lesson: null, callIds: ['1'] });

    world = await harness.newWorld();
    const second = await closedTrade();
    const away = (): Promise<never> => Promise.reject(new Error('No inference process is there.'));
    Object.assign(world.script, { embedMemory: away, reflectOnTrade: away });
    const result = await reflect(second);
    expect(result).toMatchObject({ remembered: true, embedded: false });
    expect(result.missing).toMatch(/the inference process did not do it: .*No inference process is there/);
    expect(await world.memories.reflection(second.positionId)).toMatchObject({ lesson: null });
  });

  it('is not of what lives', async () => {
    const trade = harness.grant();
    expect(await reflect(trade)).toMatchObject({ remembered: false });
    expect(world.memories.memories.size).toBe(0);
  });

  it('is begun by the keeper for every trade that owes one, once', async () => {
    const trade = await closedTrade();
    const config = loadConfig({ env: {}, cwd: '/', deploymentId: () => 'test' });
    const { account } = world;
    const keeper = new MemoryKeeper({
      ...{ ...world.deps, client: harness.client },
      config: { ...config, account: { ...config.account, name: account } },
    });
    await keeper.look();
    await keeper.look();
    await harness.handle(workflowIds.reflection(trade.positionId)).result();
    await keeper.look();
    expect(world.calls.filter(({ name }) => name === 'rememberTrade')).toHaveLength(1);
    expect(await world.memories.reflection(trade.positionId)).toMatchObject({ lesson: null });
  });
});

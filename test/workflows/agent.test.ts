import { ToolName } from '../../domain/agent/tool-names';
import { decimal } from '../../domain/decimal';
import { PositionState } from '../../domain/position';
import type { Saying, ScriptedModels } from '../agent/scripted-model';
import { BTC } from '../domain/fixtures';
import { agentDecisions, runAgent } from './agent-run';
import { Harness, type World } from './harness';

type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest] ? Rest : never;

const { symbol } = BTC;
const reason = 'a test';
const LOOK = { tool: ToolName.Price, arguments: { symbol } };
const BUY = {
  tool: ToolName.MarketOrder,
  arguments: { symbol, side: 'buy', stop_price: 95, take_profit_price: 120, size_fraction: null, reason },
};
const SELL = {
  tool: ToolName.MarketOrder,
  arguments: { symbol, side: 'sell', stop_price: null, take_profit_price: null, size_fraction: null, reason },
};

describe('the agent', () => {
  let harness: Harness;
  let world: World;
  beforeEach(async () => {
    harness = await Harness.start();
    world = await harness.newWorld();
  });
  afterEach(async () => {
    await harness.shutdown();
  });

  const run = (...given: Tail<Parameters<typeof runAgent>>): Promise<ScriptedModels> =>
    runAgent({ harness, world }, ...given);

  const positions = () => world.store.orders.positions(world.account);
  const decisions = () => agentDecisions(world);
  const textOf = (at: number): string => (decisions()[at]?.reasons ?? []).map(({ text }) => text).join('\n');
  const steps = () => world.agent.all().steps;
  const callsOf = (name: string): number => world.calls.filter((call) => call.name === name).length;

  it('buys through risk and its position, sells by a wish, keeps to its bounds, and tells in plain words what it did', async () => {
    const { fetchCandles } = world.real;
    let isDoubtful = false;
    world.script.fetchCandles = async (input) => {
      const fetched = await fetchCandles(input);
      const doubts = isDoubtful ? [{ code: 'gap', text: 'a gap' }] : [];
      return { ...fetched, verdicts: fetched.verdicts.map((verdict) => ({ ...verdict, doubts })) };
    };
    const decided = (count: number) =>
      harness.until(() => decisions().length >= count, { stepMs: 5_000, limitMs: 900_000 });
    // What opens a position comes last: once one has ended, time no longer skips on this server.
    const { requests } = await run(
      [
        [Array.from({ length: 6 }, () => LOOK), [LOOK], [LOOK], [LOOK]],
        [new Error('out of order')],
        [[BUY]],
        [[LOOK], [BUY], 'the trend is up'],
        [[SELL]],
      ],
      { maxTurns: 3 },
    );
    await decided(1);
    expect(textOf(0)).toContain('It had used up its turns');
    expect(steps()).toHaveLength(6);

    isDoubtful = true;
    await decided(2);
    expect(decisions()[1]).toMatchObject({ outcome: 'hold' });
    expect(textOf(1)).toContain(
      'The model gave no answer that could be used; nothing more was done: unavailable',
    );

    await decided(3);
    expect(decisions()[2]).toMatchObject({ outcome: 'refused' });
    expect(textOf(2)).toContain('its data is doubtful: a gap');
    expect(JSON.stringify(requests.at(-1)?.messages[1])).toContain(
      'No entry in BTC/USDT: its data is doubtful',
    );
    expect(callsOf('sizePosition')).toBe(0);

    isDoubtful = false;
    const asked = requests.length;
    await decided(4);
    expect(decisions()[3]).toMatchObject({ outcome: 'enter', positionId: positions()[0]?.positionId });
    expect(textOf(3)).toContain('It looked at the price of BTC/USDT');
    expect(textOf(3)).toContain('It did: buy BTC/USDT at 100, stop 95, target 120: a test');
    expect(textOf(3)).toContain('It said: the trend is up');
    // Each turn was asked once, with everything before it.
    expect(requests.slice(asked).map(({ messages }) => messages.length)).toEqual([2, 4, 6]);
    expect(requests.at(-1)?.messages.at(-1)?.content).toContain('granted');
    const isGuarded = () =>
      positions()[0]?.orders.some(({ leg, state }) => leg === 'stop' && state === 'open') ?? false;
    await harness.until(isGuarded);

    await decided(5);
    expect(decisions()[4]).toMatchObject({ outcome: 'exit' });
    expect(textOf(4)).toMatch(/It was entered on the bar of .*It said: the trend is up/);
    await harness.until(() => positions()[0]?.state === PositionState.Closed);
    expect(positions()).toMatchObject([{ exitReason: 'strategy' }]);
  });

  it('changes a resting order by taking it back first, and asks risk for the other', async () => {
    const limit = { ...BUY.arguments, limit_price: 99 };
    let orderId = '';
    const modify = () => ({
      order_id: orderId,
      limit_price: 98,
      stop_price: null,
      take_profit_price: null,
      reason,
    });
    const bars: (readonly Saying[])[] = [[[{ tool: ToolName.LimitOrder, arguments: limit }]], []];
    await run(bars);
    await harness.until(() => decisions().length === 1);
    orderId = positions()[0]?.orders.find(({ leg }) => leg === 'entry')?.clientOrderId ?? '';
    bars[1] = [[{ tool: ToolName.ModifyOrder, arguments: modify() }]];
    await harness.until(() => decisions().length === 2, { stepMs: 5_000, limitMs: 900_000 });
    expect(positions()).toMatchObject([
      { state: 'closed', exitReason: 'not-entered', limitPrice: '99' },
      { state: 'live', limitPrice: '98', stopPrice: '95' },
    ]);
    expect(decisions()[1]).toMatchObject({ outcome: 'enter', positionId: positions()[1]?.positionId });
  });

  it('does nothing twice when each of its activities is done and its answer is lost', async () => {
    await run([
      [[BUY], [{ tool: ToolName.TakeProfit, arguments: { symbol, take_profit_price: 140, reason } }]],
    ]);
    const lost: string[] = [];
    for (const name of [
      'runAgentTool',
      'recordProposal',
      'sizePosition',
      'askAgent',
      'concludeAgent',
    ] as const) {
      const real = (world.script[name] ?? world.real[name]) as (input: never) => Promise<never>;
      const seen = new Set<string>();
      (world.script as Record<string, unknown>)[name] = async (input: { deadlineMs?: number }) => {
        const result = await real(input as never);
        const key = JSON.stringify(input);
        if (seen.has(key)) return result;
        seen.add(key);
        lost.push(name);
        throw new Error('the worker is gone');
      };
    }
    await harness.until(() => decisions().length >= 1 && callsOf('concludeAgent') === 2);
    expect(new Set(lost).size).toBe(5);
    expect(positions()).toMatchObject([{ targetPrice: '140' }]);
    expect(steps()).toMatchObject([{ decided: 'enter' }, { tool: ToolName.TakeProfit, outcome: 'done' }]);
    const entries = positions()[0]?.orders.filter(({ leg }) => leg === 'entry');
    expect(entries).toHaveLength(1);
    await harness.until(() => Number(world.exchange.offered()) > 0);
    expect(world.exchange.received.filter((id) => id === entries?.[0]?.clientOrderId)).toHaveLength(1);
  });

  it('does no more when its time is over; what it holds is managed though nobody can be asked', async () => {
    const forever = Array.from({ length: 40 }, (): Saying => [LOOK]);
    await run([[[BUY]], forever], { timeoutMs: 8_000, maxTurns: 32 });
    await harness.until(() => decisions().length === 1 && Number(world.exchange.offered()) > 0);
    const asks = world.script.askAgent;
    world.script.askAgent = async (input) => {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      return asks === undefined ? { calls: [], end: 'done' } : asks(input);
    };
    await harness.until(() => decisions().length === 2, { stepMs: 5_000, limitMs: 900_000 });
    expect(textOf(1)).toContain('Its time was over');
    expect(steps().length).toBeLessThan(10);

    world.script.askAgent = () => Promise.reject(new Error('no inference process'));
    world.exchange.price = decimal('121');
    await harness.until(() => positions()[0]?.state === PositionState.Closed, {
      stepMs: 5_000,
      limitMs: 900_000,
    });
    expect(positions()[0]?.exitReason).toBe('target');
  });
});

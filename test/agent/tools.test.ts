import fc from 'fast-check';
import { ToolName, TOOL_NAMES } from '../../domain/agent/tool-names';
import { AGENT_TOOLS } from '../../domain/agent/tools';
import { jsonSchemaOf, strictSchemaOf } from '../../adapters/llm/form';
import { greaterThan, lessThan, multiply, subtract } from '../../domain/decimal';
import { exactly } from '../../domain/risk';
import { BTC, d } from '../domain/fixtures';
import { AGENT, agentWorld, holdPosition, LIMITS, type AgentWorld } from './desk';

const call = (name: string, given: unknown) => ({
  ...{ id: 'c', name },
  arguments: typeof given === 'string' ? given : JSON.stringify(given),
});
const reason = 'a test';
const buy = {
  symbol: BTC.symbol,
  side: 'buy',
  stop_price: 95,
  take_profit_price: 120,
  size_fraction: null,
  reason,
};

describe('the tools of the agent', () => {
  let world: AgentWorld;
  beforeEach(async () => {
    world = await agentWorld();
  });
  const steps = () => world.agent.all().steps;
  const live = () => world.store.orders.positions('main').filter(({ state }) => state === 'live');

  it('are sixteen, whose schemas vendors can be given', () => {
    expect(TOOL_NAMES).toHaveLength(16);
    for (const { parameters } of Object.values(AGENT_TOOLS)) {
      expect(jsonSchemaOf(parameters)).toMatchObject({ type: 'object' });
      expect(strictSchemaOf(parameters)).toMatchObject({ additionalProperties: false });
    }
  });

  it.each([
    [ToolName.Price, { symbol: BTC.symbol }, '"bid":"100"'],
    [ToolName.Book, { symbol: BTC.symbol, levels: 5 }, '"asks":[{"price":"100"'],
    [ToolName.Trades, { symbol: BTC.symbol, limit: 5 }, '"side":"buy"'],
    [ToolName.Sentiment, { symbol: BTC.symbol }, '"mood":null'],
    [ToolName.Positions, {}, '[]'],
    [ToolName.Balance, {}, '"freeQuote":"10000"'],
    [ToolName.Pnl, { days: 7 }, '"closed":0'],
    [
      ToolName.Size,
      { symbol: BTC.symbol, entry_price: 100, stop_price: 95, take_profit_price: 120 },
      '"allowed":true',
    ],
    [
      ToolName.Size,
      { symbol: BTC.symbol, entry_price: 100, stop_price: 95, take_profit_price: 101 },
      'reward-to-risk',
    ],
    [
      ToolName.Indicators,
      {
        symbol: BTC.symbol,
        indicators: [
          { kind: 'rsi', period: null },
          { kind: 'macd', period: null },
        ],
      },
      '"kind":"macd"',
    ],
  ])('%s looks and changes nothing', async (name, given, told) => {
    const bars = await world.exchange.bars({ symbol: BTC.symbol, timeframe: '1m', limit: 100 });
    await world.store.saveCandles(
      { venue: 'fake', session: 's1', symbol: BTC.symbol, timeframe: '1m' },
      bars,
    );
    await world.call(0, call(name, given));
    expect(steps()).toMatchObject([{ outcome: 'told', decided: null }]);
    expect(steps()[0]?.result).toContain(told);
    expect(live()).toHaveLength(0);
  });

  it('get_positions tells why each was entered, as data', async () => {
    const positionId = holdPosition(world, AGENT);
    const held = await world.store.position(positionId);
    if (held === undefined) throw new Error('no position');
    const reasons = [{ code: 'agent-said', text: 'It said: a pullback\nin a rising market' }];
    const decided = { outcome: 'enter', positionId, close: d('100'), reasons } as const;
    const { account, session, strategy, symbol, barCloseMs } = held;
    await world.store.recordDecision({ account, session, strategy, symbol, barCloseMs, ...decided });
    await world.call(0, call(ToolName.Positions, {}));
    expect(steps()[0]?.result).toMatch(
      /"enteredBecause":"It was entered on the bar of [^"]*: It said: a pullback in a rising market"/,
    );
  });

  it('buy by a grant of risk, once for a pair and a bar', async () => {
    await world.call(0, call(ToolName.MarketOrder, buy));
    await world.call(1, call(ToolName.MarketOrder, { ...buy, stop_price: 99 }));
    expect(steps()).toMatchObject([
      { outcome: 'done', decided: 'enter' },
      { outcome: 'refused', summary: expect.stringContaining('has been asked for on this bar') as unknown },
    ]);
    expect(live()).toMatchObject([{ stopPrice: '95', targetPrice: '120', strategy: AGENT }]);
  });

  it('buy less when they are told to, never more', async () => {
    await world.call(0, call(ToolName.MarketOrder, { ...buy, size_fraction: 0.25 }));
    const small = live()[0]?.quantity ?? d('0');
    const other = await agentWorld();
    await other.call(0, call(ToolName.MarketOrder, buy));
    const [whole] = other.store.orders.positions('main');
    expect(Number(small)).toBeCloseTo(Number(whole?.quantity) / 4, 3);
  });

  it.each([
    ['without a stop', { ...buy, stop_price: null }, 'without a stop'],
    ['without a target', { ...buy, take_profit_price: null }, 'take-profit'],
    ['with its stop above the price', { ...buy, stop_price: 101 }, 'is not below the entry'],
    ['with too little reward, which risk refuses', { ...buy, take_profit_price: 101 }, 'reward-to-risk'],
    ['of a pair that is not its own', { ...buy, symbol: 'DOGE/USDT' }, 'is not one of your pairs'],
    ['with arguments that it does not know', { ...buy, leverage: 50 }, 'do not fit'],
    ['with a size beyond all of it', { ...buy, size_fraction: 3 }, 'do not fit'],
  ])('buy nothing %s', async (_, given, why) => {
    await world.call(0, call(ToolName.MarketOrder, given));
    expect(steps()).toMatchObject([{ outcome: 'refused', positionId: null }]);
    expect(steps()[0]?.summary).toContain(why);
    expect(live()).toHaveLength(0);
  });

  it('buy at a limit that is at most the market, without slippage', async () => {
    const at = (limit_price: number) => call(ToolName.LimitOrder, { ...buy, limit_price });
    await world.call(0, at(100.5));
    expect(steps().at(-1)?.summary).toContain('above the best offer');
    await world.call(1, at(99.99));
    expect(live()).toMatchObject([{ limitPrice: '99.99' }]);
  });

  it('sell what the agent holds by a wish that its owner carries out', async () => {
    const id = holdPosition(world, AGENT);
    await world.call(
      0,
      call(ToolName.MarketOrder, { ...buy, side: 'sell', stop_price: null, take_profit_price: null }),
    );
    expect(world.store.orders.known(id).exitReason).toBe('strategy');
    expect(steps()).toMatchObject([{ outcome: 'done', decided: 'exit', positionId: id }]);
  });

  it('raise a stop and never lower it', async () => {
    const id = holdPosition(world, AGENT);
    const stop = (stop_price: number) => call(ToolName.StopLoss, { symbol: BTC.symbol, stop_price, reason });
    for (const [turn, price] of [95.001, 94, 90, 0.01, 100, 1e9].entries())
      await world.call(turn, stop(price));
    expect(steps().map(({ outcome }) => outcome)).toEqual([
      'done',
      'refused',
      'refused',
      'refused',
      'refused',
      'refused',
    ]);
    expect(world.store.orders.known(id).stopPrice).toBe('95.01');
  });

  it('set a target above the market', async () => {
    const id = holdPosition(world, AGENT);
    const target = (take_profit_price: number) =>
      call(ToolName.TakeProfit, { symbol: BTC.symbol, take_profit_price, reason });
    await world.call(0, target(99));
    await world.call(1, target(110));
    expect(steps().map(({ outcome }) => outcome)).toEqual(['refused', 'done']);
    expect(world.store.orders.known(id).targetPrice).toBe('110');
  });

  it('take back a resting entry, and leave what guards it', async () => {
    const id = holdPosition(world, AGENT, { filled: false });
    const [entry, stop] = world.store.orders.known(id).orders;
    const cancel = (order_id = '') => call(ToolName.CancelOrder, { order_id, reason });
    await world.call(0, cancel(stop?.clientOrderId));
    expect(steps().at(-1)?.summary).toContain('protection is not taken back');
    await world.call(1, cancel(entry?.clientOrderId));
    expect(world.store.orders.known(id)).toMatchObject({
      expiresAtMs: world.time.nowMs,
      exitReason: null,
      stopPrice: '90',
    });
  });

  it('take back all resting entries of the agent, and nobody else’s', async () => {
    const [own, other] = [
      holdPosition(world, AGENT, { filled: false }),
      holdPosition(world, 'rsi', { filled: false }),
    ];
    const before = world.store.orders.known(other);
    await world.call(0, call(ToolName.CancelAll, { reason }));
    expect(world.store.orders.known(own).expiresAtMs).toBe(world.time.nowMs);
    expect(world.store.orders.known(other)).toEqual(before);
  });

  it('modify a resting entry by another that risk decides on', async () => {
    const id = holdPosition(world, AGENT, { filled: false });
    const order_id = world.store.orders.known(id).orders[0]?.clientOrderId ?? '';
    const change = { order_id, limit_price: 98, stop_price: null, take_profit_price: null, reason };
    expect(await world.call(0, call(ToolName.ModifyOrder, change))).toMatchObject({
      ...{ kind: 'propose', instead: id, limits: { ...LIMITS, entrySlippageFraction: 0 } },
      proposal: { referencePrice: '98', stopPrice: '90', targetPrice: '130' },
    });
  });

  it('do a step once, whoever repeats it and with whatever', async () => {
    const id = holdPosition(world, AGENT);
    const stop = (stop_price: number) => call(ToolName.StopLoss, { symbol: BTC.symbol, stop_price, reason });
    await world.call(0, stop(95));
    await world.call(0, stop(96));
    expect(world.store.orders.known(id).stopPrice).toBe('95');
    expect(steps()).toHaveLength(1);
  });

  it('that were not given are not there', async () => {
    await world.call(0, call(ToolName.MarketOrder, buy), [ToolName.Price]);
    expect(steps()).toMatchObject([{ outcome: 'refused', tool: ToolName.MarketOrder }]);
    expect(live()).toHaveLength(0);
  });
});

/** Prices around the market, and nonsense. */
const prices = fc.oneof(
  fc.double({ min: 80, max: 140, noNaN: true }),
  fc.constantFrom(0, -5, 1e-9, 1e11, 90, 100, 130, Number.MAX_VALUE),
);
const maybe = fc.option(prices);
const symbols = fc.oneof(
  { weight: 6, arbitrary: fc.constant(BTC.symbol) },
  fc.constantFrom('ETH/USDT', '', '__proto__'),
);
const words = fc.constantFrom('a test', '', 'x'.repeat(501));

/** Every argument that any tool has, some of them missing; an order id is one that exists, in half of the cases. */
const argumentsFrom = (ids: readonly string[]) =>
  fc.record(
    {
      symbol: symbols,
      side: fc.constantFrom('buy', 'sell', 'short'),
      stop_price: maybe,
      take_profit_price: maybe,
      limit_price: prices,
      size_fraction: fc.option(fc.double({ min: -1, max: 2, noNaN: true })),
      order_id: fc.oneof(fc.constantFrom(...ids), fc.string()),
      reason: words,
    },
    { requiredKeys: [] },
  );

/** What may well be granted. */
const sensible = fc.record({
  symbol: fc.constant(BTC.symbol),
  side: fc.constant('buy'),
  stop_price: fc.double({ min: 85, max: 99, noNaN: true }),
  take_profit_price: fc.double({ min: 105, max: 150, noNaN: true }),
  limit_price: fc.double({ min: 90, max: 101, noNaN: true }),
  size_fraction: fc.constant(null),
  reason: fc.constant('a test'),
});

/** Only what a tool knows: most calls then fit. */
const fitting = (name: ToolName, given: Record<string, unknown>): unknown =>
  Object.fromEntries(
    Object.keys(AGENT_TOOLS[name].parameters.shape).map((key) => [
      key,
      given[key] ?? (key === 'reason' ? 'a test' : null),
    ]),
  );

it('whatever a model asks for: nothing that risk would refuse, no stop lowered, nothing of others touched', async () => {
  const granted: string[] = [];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...TOOL_NAMES, 'withdraw_funds'), fc.boolean(), fc.nat(1_000_000)), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.boolean(),
      fc.boolean(),
      async (asked, holds, isFilled) => {
        const world = await agentWorld();
        const other = holdPosition(world, 'rsi', { filled: isFilled });
        const own = holds ? holdPosition(world, AGENT, { filled: isFilled }) : null;
        const others = world.store.orders.known(other);
        const ids = world.store.orders
          .positions('main')
          .flatMap(({ orders }) => orders.map((order) => order.clientOrderId));
        let stop = own === null ? null : world.store.orders.known(own).stopPrice;
        for (const [turn, [name, fits, seed]] of asked.entries()) {
          const anything = seed % 2 === 0 ? sensible : argumentsFrom(ids);
          const [given] = fc.sample<Record<string, unknown>>(anything, { seed, numRuns: 1 });
          const tool = TOOL_NAMES.find((one) => one === name);
          await world.call(
            turn,
            call(name, fits && tool !== undefined ? fitting(tool, given ?? {}) : (given ?? {})),
          );
          expect(world.store.orders.known(other)).toEqual(others);
          if (own === null || stop === null) continue;
          const now = world.store.orders.known(own);
          expect(lessThan(now.stopPrice, stop)).toBe(false);
          stop = now.stopPrice;
          // Its protection is the order that it was: nobody but its owner touches orders.
          expect(now.orders.filter(({ leg }) => leg === 'stop')).toEqual(
            now.orders.filter(({ leg, state }) => leg === 'stop' && state === 'created'),
          );
        }
        const fresh = world.store.orders
          .positions('main')
          .filter(({ positionId }) => positionId !== other && positionId !== own);
        expect(fresh.length).toBeLessThanOrEqual(1);
        for (const { quantity, limitPrice, stopPrice, strategy, orders } of fresh) {
          granted.push(quantity);
          expect(strategy).toBe(AGENT);
          expect(orders.map(({ leg }) => leg).sort()).toEqual(['entry', 'stop']);
          expect(lessThan(stopPrice, limitPrice)).toBe(true);
          // What is lost at the stop, fees left out, is within what risk allows of all that the account can be worth here.
          const loss = multiply(quantity, subtract(limitPrice, stopPrice));
          expect(greaterThan(loss, multiply(d('11000'), exactly(LIMITS.riskFraction)))).toBe(false);
          expect(
            greaterThan(
              multiply(quantity, limitPrice),
              multiply(d('11000'), exactly(LIMITS.maxPositionFraction)),
            ),
          ).toBe(false);
        }
        expect(world.exchange.received).toEqual([]);
      },
    ),
    { numRuns: 150 },
  );
  // Some of it was to be granted, else this would prove nothing.
  expect(granted.length).toBeGreaterThan(3);
});

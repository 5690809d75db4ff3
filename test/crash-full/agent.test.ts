import { join } from 'node:path';
import { openAiWire, startVendor, type VendorServer } from '../adapters/llm/vendor-server';
import { Leg, OrderState } from '../../domain/order';
import { ToolName } from '../../domain/agent/tool-names';
import { Instant } from '../crash/harness/moments';
import { startServers, type Servers } from '../crash/harness/servers';
import { waitFor } from '../crash/harness/wait';
import { World } from '../crash/harness/world';

const INFERENCE = join(__dirname, '../../dist/workers/inference-main.js');
const SYMBOL = 'BTC/USDT';
const BAR_MS = 300_000;
/** A bar every half minute: long enough for a worker to come back within it. */
const SPEED = 10;
const reason = 'a test';

const tool = (name: string, given: object) =>
  ({ kind: 'tool', name, parts: [JSON.stringify({ ...given, reason })] }) as const;

/** The agent's whole path, but for the vendor: its server is here, and says what the test wants. */
describe('SIGKILL of the worker in the middle of the steps of an agent', () => {
  let servers: Servers;
  let vendor: VendorServer;
  let world: World;

  beforeAll(async () => {
    vendor = await startVendor(openAiWire);
    servers = await startServers();
    const models = {
      available: [{ name: 'scripted', provider: 'compatible', model: 'm', baseUrl: `${vendor.url}/v1` }],
      roles: { agent: ['scripted'] },
    };
    world = await World.open(servers, {
      name: 'agent',
      strategies: [
        {
          ...{ name: 'mind', strategy: 'agent', symbols: [SYMBOL], timeframe: '5m', entryTtlBars: 10 },
          parameters: { timeoutMs: 60_000 },
        },
      ],
      settings: { BALLAST__models: JSON.stringify(models) },
    });
    await world.startWorker('inference', { main: INFERENCE, readyLine: '"inference ready"' });
  });
  afterAll(async () => {
    await world.close();
    await servers.close();
    await vendor.close();
  });

  it('buys once and sets its target once, though both were done and not heard of', async () => {
    const [quote] = await world.port.quotes([SYMBOL]);
    const ask = Number(quote?.ask);
    const entry = { symbol: SYMBOL, side: 'buy', stop_price: ask * 0.9, take_profit_price: ask * 1.4 };
    vendor.behaviours = [
      tool(ToolName.MarketOrder, { ...entry, size_fraction: null }),
      tool(ToolName.TakeProfit, { symbol: SYMBOL, take_profit_price: ask * 1.5 }),
      { kind: 'text', parts: ['nothing more to do'] },
    ];
    const kill = (words: readonly string[]) =>
      world.when(Instant.Written, words, (worker) => {
        worker.kill();
        return 'drop';
      });
    const killed = [kill(['INSERT INTO approvals']), kill(['INSERT INTO agent_steps', ToolName.TakeProfit])];
    const { clockMs } = world.exchange.record();
    const closeMs = (Math.floor(clockMs / BAR_MS) + 1) * BAR_MS;
    await world.exchange.clock({ action: 'advanceTo', toMs: closeMs - 5_000 });
    await world.exchange.clock({ action: 'setSpeed', speed: SPEED });
    await world.exchange.clock({ action: 'resume' });
    await Promise.all(killed);
    const decided = await waitFor('the decision of the agent', async () => {
      const { rows } = await world.pool.query<{ outcome: string; reasons: { text: string }[] }>(
        `SELECT outcome, reasons FROM decisions WHERE strategy = 'mind' AND reasons::text LIKE '%agent-ended%' ORDER BY bar_close_ms`,
      );
      return rows[0];
    });
    await world.agreement();

    expect(decided.outcome).toBe('enter');
    const [position, ...others] = await world.store.livePositions(world.account.account);
    expect(others).toEqual([]);
    expect(position).toMatchObject({ strategy: 'mind', exitReason: null });
    expect(Number(position?.targetPrice)).toBeCloseTo(ask * 1.5, 6);
    const bought = position?.orders.find(({ leg }) => leg === Leg.Entry);
    expect(world.placed(bought?.clientOrderId ?? '')).toHaveLength(1);
    expect(world.exchange.record().orders.filter(({ side }) => side === 'BUY')).toHaveLength(1);
    expect(
      position?.orders.filter(({ leg, state }) => leg === Leg.Stop && state === OrderState.Open),
    ).toHaveLength(1);
    const { rows: steps } = await world.pool.query(
      'SELECT tool, outcome FROM agent_steps ORDER BY bar_close_ms, step',
    );
    expect(steps.slice(0, 2)).toEqual([
      { tool: ToolName.MarketOrder, outcome: 'done' },
      { tool: ToolName.TakeProfit, outcome: 'done' },
    ]);
    // Each turn was asked once, whoever died meanwhile.
    const { rows: turns } = await world.pool.query(
      'SELECT turn FROM agent_turns WHERE bar_close_ms = (SELECT min(bar_close_ms) FROM agent_turns) ORDER BY turn',
    );
    expect(turns).toEqual([{ turn: 0 }, { turn: 1 }, { turn: 2 }]);
    expect(world.worker.starts).toBeGreaterThanOrEqual(3);
  });

  it('LLM projects, no execution: what it says it has sold is still held, and what it sells is sold at the exchange', async () => {
    const before = world.exchange.record().orders;
    const [held] = await world.store.livePositions(world.account.account);
    const asked = vendor.requests.length;
    vendor.behaviours = [{ kind: 'text', parts: ['I have sold all BTC/USDT.'] }];
    await waitFor('two more bars to be decided', () =>
      vendor.requests.length > asked + 1 ? true : undefined,
    );
    await world.agreement();
    expect(world.exchange.record().orders).toEqual(before);
    expect(await world.store.livePositions(world.account.account)).toMatchObject([
      { positionId: held?.positionId, exitReason: null },
    ]);

    vendor.behaviours = [
      tool(ToolName.MarketOrder, {
        ...{ symbol: SYMBOL, side: 'sell', size_fraction: null },
        ...{ stop_price: null, take_profit_price: null },
      }),
      { kind: 'text', parts: ['nothing more to do'] },
    ];
    await waitFor('the position to be closed', async () =>
      (await world.store.livePositions(world.account.account)).length === 0 ? true : undefined,
    );
    await world.agreement();
    const sales = world.exchange
      .record()
      .orders.filter(({ side, status }) => side === 'SELL' && status === 'FILLED');
    expect(sales).toHaveLength(1);
    expect(sales[0]?.createdMs).toBeGreaterThan(before.at(-1)?.createdMs ?? Infinity);
  });
});

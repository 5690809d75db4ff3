import { PositionState } from '../../domain/position';
import { stopSignal, workflowIds } from '../../workflows/contract';
import { readJournalRecord, type JournalRecord } from './harness/journal-record';
import { histories, leaks, logs } from './harness/secrets';
import { startServers, type Servers } from './harness/servers';
import { waitFor } from './harness/wait';
import { World } from './harness/world';

/** Enters on every other bar, and leaves as soon as the market has risen twice in a row. */
const RESTLESS = {
  name: 'restless',
  strategy: 'rsi',
  symbols: ['BTC/USDT', 'ETH/USDT'],
  timeframe: '1m',
  parameters: { period: 2, oversold: 50, overbought: 90 },
  maxHoldingBars: 5,
  // Bars are short here: on a busy machine one may pass before its entry is on its way.
  entryTtlBars: 5,
};
/** A one-minute bar every two seconds. */
const SPEED = 30;
const KILLS = 3;

describe.each(['durable', 'fast'])(
  'a strategy on the %s lane whose worker is killed again and again',
  (lane) => {
    let servers: Servers;
    let world: World;

    beforeAll(async () => {
      servers = await startServers();
      world = await World.open(servers, { name: `strategy_${lane}`, strategies: [{ ...RESTLESS, lane }] });
    });
    afterAll(async () => {
      await world.close();
      await servers.close();
    });

    const journal = (): Promise<JournalRecord> => readJournalRecord(world.pool, world.account.account);

    it('trades, survives, and ends flat with both records equal', async () => {
      await world.exchange.clock({ action: 'setSpeed', speed: SPEED });
      await world.exchange.clock({ action: 'resume' });
      for (let kill = 1; kill <= KILLS; kill += 1) {
        const { fills } = await journal();
        await waitFor(
          'another trade',
          async () => ((await journal()).fills.length > fills.length ? true : undefined),
          90_000,
        );
        world.worker.kill();
      }
      const strategy = world.client.workflow.getHandle(workflowIds.strategy('main', RESTLESS.name));
      await strategy.signal(stopSignal, { by: 'test', reason: 'the test is over', flatten: true });
      await strategy.result();
      await waitFor('every position to be closed', async () => {
        const { positions } = await journal();
        return positions.every(({ state }) => state === PositionState.Closed) ? true : undefined;
      });
      await world.agreement();
      const { positions, fills } = await journal();
      expect(positions.length).toBeGreaterThanOrEqual(KILLS - 1);
      expect(fills.length).toBeGreaterThanOrEqual(2 * (KILLS - 1));
    });

    it('shows no secret in any log or history', async () => {
      const [written, remembered] = [logs(world), await histories(world)];
      // What is searched does hold what it should: a search that finds nothing would prove nothing.
      expect(leaks(written, ['worker ready'])).not.toHaveLength(0);
      expect(leaks(remembered, [RESTLESS.name])).not.toHaveLength(0);
      expect(leaks([...written, ...remembered], world.secrets)).toEqual([]);
    });
  },
);

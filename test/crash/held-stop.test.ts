import { compare } from '../../domain/decimal';
import { Leg, OrderState } from '../../domain/order';
import { ExitReason } from '../../domain/position';
import { startServers, type Servers } from './harness/servers';
import { openPosition } from './harness/trading';
import { waitFor } from './harness/wait';
import { World } from './harness/world';

const HOUR_MS = 3_600_000;
const HOURS = 200;

/** Design section 3, rule 7: a stop that has triggered, and has not filled within seconds, leads to an exit at market. */
describe('a stop that the exchange holds back', () => {
  let servers: Servers;
  let world: World;
  beforeAll(async () => {
    servers = await startServers();
    world = await World.open(servers, { name: 'held_stop' });
  });
  afterAll(async () => {
    await world.close();
    await servers.close();
  });

  const last = async (symbol: string) => {
    const [quote] = await world.port.quotes([symbol]);
    if (quote === undefined) throw new Error(`The exchange has no price of ${symbol}.`);
    return quote.last;
  };

  it('is replaced by an exit at market, though the worker is killed while it waits for the stop', async () => {
    const position = await openPosition(world, 'held', { stopFactor: '0.999' });
    const { symbol, stopPrice } = await position.untilProtected();
    await world.exchange.plan({ kind: 'hold-stops' });
    for (let hours = 0; hours < HOURS && compare(await last(symbol), stopPrice) > 0; hours += 1)
      await world.exchange.clock({ action: 'advanceTo', toMs: world.exchange.record().clockMs + HOUR_MS });

    await waitFor('the stop to be known as reached', async () => {
      const { orders } = await position.view();
      const resting = orders.find(({ leg, state }) => leg === Leg.Stop && state === OrderState.Open);
      return typeof resting?.triggeredAtMs === 'number' ? true : undefined;
    });
    world.worker.kill();

    const { exitReason, orders } = await position.untilClosed();
    expect(exitReason).toBe(ExitReason.Stop);
    expect(orders.findLast(({ leg }) => leg === Leg.Stop)).toMatchObject({ state: OrderState.Cancelled });
    expect(orders.findLast(({ leg }) => leg === Leg.Exit)).toMatchObject({ state: OrderState.Filled });
    expect(world.exchange.faultLog().map(({ kind }) => kind)).toContain('hold-stops');
    await world.exchange.callOffFaults();
    await world.agreement();
  });
});

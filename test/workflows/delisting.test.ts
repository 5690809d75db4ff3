import { decimal } from '../../domain/decimal';
import { isDelisted } from '../../domain/position';
import {
  workflowIds,
  type EmergencyStopInput,
  type EmergencyStopResult,
  type PositionInput,
  type RiskDeskInput,
} from '../../workflows/contract';
import { DEPLOYMENT } from '../activities/bench';
import { BTC } from '../domain/fixtures';
import { Harness, LIMITS, VENUE, type World } from './harness';

const ETH = { ...BTC, symbol: 'ETH/USDT', base: 'ETH' };
const HELD = '0.999';

/** The workflows of an account one of whose two pairs the exchange delists. */
describe('with a pair that is delisted', () => {
  let harness: Harness;
  let world: World;
  let btc: PositionInput;
  let eth: PositionInput;
  beforeEach(async () => {
    harness = await Harness.start();
    world = await harness.newWorld();
    world.exchange.foreign.base = decimal('0');
    btc = harness.grant();
    eth = harness.grant({ strategy: 'other', symbol: ETH.symbol, instrument: ETH });
    for (const input of [btc, eth]) await harness.start('position', input.positionId, input);
    await harness.until(() => world.exchange.offered() === '1.998');
  });
  afterEach(() => harness.shutdown());

  const reference = () => ({
    ...{ deployment: DEPLOYMENT, account: world.account, venue: VENUE },
    symbols: [BTC.symbol, ETH.symbol],
  });
  const known = ({ positionId }: PositionInput) => world.store.orders.known(positionId);
  const isClosed = (input: PositionInput) => () => known(input).state === 'closed';
  const becomes = (mode: string) =>
    harness.until(async () => (await world.store.account(world.account))?.mode === mode);
  const beginDesk = () => {
    const input: RiskDeskInput = { ...reference(), limits: LIMITS, intervalMs: 5_000 };
    return harness.start<(input: RiskDeskInput) => Promise<void>>(
      'riskDesk',
      workflowIds.riskDesk(world.account),
      input,
    );
  };

  it('an emergency stop sells the other, ends, and names what nobody can sell; once is enough', async () => {
    world.exchange.delist(BTC.symbol);
    const input: EmergencyStopInput = { ...reference(), by: 'tester', reason: 'a test', haltKey: 'key' };
    const handle = await harness.start<(input: EmergencyStopInput) => Promise<EmergencyStopResult>>(
      'emergencyStop',
      workflowIds.emergencyStop(world.account),
      input,
    );
    await harness.until(async () => (await handle.describe()).status.name === 'COMPLETED');
    const what = `${HELD} BTC of ${btc.positionId} (BTC/USDT, last known price 100 USDT)`;
    const result = await handle.result();
    expect(result).toMatchObject({ epoch: 1, closedPositions: 1, stranded: [what] });
    expect(result.flatAfterMs).toEqual(expect.any(Number));
    await harness.until(isClosed(eth));
    expect(world.exchange.held(ETH.symbol)).toBe('0');
    expect(world.store.riskEvents.filter(({ code }) => code === 'emergency-stop')).toMatchObject([
      { message: expect.stringContaining(`but for what nobody can sell, since the exchange`) as unknown },
    ]);
    expect(world.store.riskEvents.at(-1)?.message).toContain(what);

    await beginDesk();
    await harness.pass(60_000);
    expect(world.calls.filter(({ name }) => name === 'reportEmergency')).toHaveLength(1);
    expect(known(btc).state).toBe('live');
    expect(await harness.statusOf(btc.positionId)).toBe('RUNNING');
  });

  it('its position stays with its owner, the account says why it is reduced, and all ends when the pair is back', async () => {
    await beginDesk();
    world.exchange.delist(BTC.symbol);
    await becomes('REDUCING');
    expect(isDelisted(known(btc))).toBe(true);
    expect((await world.store.account(world.account))?.modeReason).toContain(
      'the exchange does not list BTC/USDT any more',
    );
    expect(world.store.riskEvents.filter(({ code }) => code === 'delisted')).toHaveLength(1);
    await harness.until(async () => (await harness.detailsOf(btc.positionId)).includes('**delisted**'));
    expect(world.exchange.offered()).toBe(HELD);
    expect(known(btc).exitReason).toBeNull();

    world.exchange.relist(BTC.symbol);
    await harness.until(() => world.exchange.offered() === '1.998');
    await becomes('ACTIVE');
    expect(isDelisted(known(btc))).toBe(false);
  });

  it('its position is closed by a reconciliation once the coins have left the account', async () => {
    await beginDesk();
    world.exchange.delist(BTC.symbol);
    await becomes('REDUCING');
    world.exchange.withdrawn = decimal(HELD);
    await world.deps.owners.wakeReconciliation(world.account, 'ballast reconcile');
    await harness.until(isClosed(btc));
    expect(known(btc).exitReason).toBe('delisted');
    await becomes('ACTIVE');
    expect(known(eth).state).toBe('live');
    expect(world.exchange.offered()).toBe(HELD);
  });
});

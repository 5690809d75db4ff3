import { setTimeout as sleep } from 'node:timers/promises';
import { createEmergencyActivities } from '../../../activities/emergency';
import { createRiskActivities } from '../../../activities/risk';
import { OrderState, type OrderView } from '../../../domain/order';
import { isStranded } from '../../../domain/planner';
import { isDelisted, PositionState } from '../../../domain/position';
import { riskLimitsSchema } from '../../../domain/risk';
import { ACCOUNT } from '../../activities/bench';
import { DeskWorld, expectClean } from './desk-world';
import { BTC } from './emulator-world';

/** The activities on the real adapter, ccxt and emulator: what an exchange says of a pair that is gone, or closed. */
describe('a held pair', () => {
  let desk: DeskWorld;
  let id: string;
  beforeEach(async () => {
    desk = await DeskWorld.start();
    const { session } = await desk.exchange.clock();
    await desk.store.openAccount(ACCOUNT, session);
    id = desk.grant({ session });
    await desk.drive(id, hasStop);
  });
  afterEach(() => desk.close());

  const hasStop = ({ orders }: { readonly orders: readonly OrderView[] }): boolean =>
    orders.some(({ leg, state }) => leg === 'stop' && state === OrderState.Open);
  const become = (status: 'BREAK' | 'DELISTED' | 'TRADING') =>
    desk.world.plan({ kind: 'trading-status', symbol: 'BTCUSDT', status });
  const look = () =>
    createRiskActivities(desk.deps).assessAccount({
      account: ACCOUNT,
      symbols: [BTC],
      limits: riskLimitsSchema.parse({ dailyLossFraction: 0.9, maxDrawdownFraction: 0.9 }),
    });
  const emergency = () => createEmergencyActivities(desk.deps);
  const halt = () => desk.store.raiseHalt(ACCOUNT, { key: 'key', reason: 'a test', by: 'tester' });

  it('that is delisted is proven so, worth nothing and said; and protected again when it is back', async () => {
    await become('DELISTED');
    const { equity, problems } = await look();
    expect(problems).toEqual([]);
    // 0.2 BTC were bought for 60,001 each, with the fee taken in BTC.
    expect(equity).toBe('87999.8');
    expect(isStranded(desk.position(id))).toBe(true);
    expect(desk.orderOf(id, 'stop').state).toBe(OrderState.Cancelled);
    expect(desk.store.riskEvents).toMatchObject([
      { code: 'delisted', message: expect.stringContaining('0.1998 BTC') as unknown },
    ]);

    await become('TRADING');
    expect(Number((await look()).equity)).toBeGreaterThan(99_900);
    await desk.drive(id, hasStop);
    expect(desk.orderOf(id, 'stop')).toMatchObject({ state: OrderState.Open, quantity: '0.1998' });
    await desk.trade(id);
    expectClean(desk.world.record());
  });

  it('that is delisted keeps no emergency stop from ending', async () => {
    await become('DELISTED');
    await halt();
    const swept = await emergency().sweepAccount({ account: ACCOUNT });
    expect(swept).toMatchObject({ unsettled: [], openOrders: 0, flat: true, stranded: [{ positionId: id }] });
    expect(await emergency().verifyFlat({ account: ACCOUNT, againAfterMs: 1 })).toBe(true);
    expect(desk.position(id).state).toBe(PositionState.Live);
    expect(desk.world.record().orders.filter(({ status }) => status === 'NEW')).toEqual([]);
  });

  it('whose market is closed is not delisted, keeps its value and its stop, and is sold when it opens', async () => {
    await become('BREAK');
    expect(Number((await look()).equity)).toBeGreaterThan(99_900);
    await halt();
    const swept = await emergency().sweepAccount({ account: ACCOUNT });
    expect(swept).toMatchObject({ unsettled: [id], stranded: [], flat: false });
    expect(isDelisted(desk.position(id))).toBe(false);
    expect(desk.orderOf(id, 'stop').state).toBe(OrderState.Open);
    expect(desk.orderOf(id, 'emergency')).toMatchObject({
      state: OrderState.Rejected,
      reason: 'market-closed',
    });

    await become('TRADING');
    // A refused sale is repeated after a pause.
    for (let passes = 0; passes < 100 && desk.world.record().trades.length < 2; passes += 1) {
      await sleep(50);
      await emergency().sweepAccount({ account: ACCOUNT });
    }
    expectClean(desk.world.record());
  });
});

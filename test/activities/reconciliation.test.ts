import { createReconciliationActivities } from '../../activities/reconciliation';
import { clientOrderIdPrefix } from '../../domain/ids';
import { OrderType, Side } from '../../domain/order';
import { TradingMode } from '../../domain/risk';
import { BTC, d } from '../domain/fixtures';
import { ACCOUNT, createBench, DEPLOYMENT, grantOf, type Bench } from './bench';

const reconcile = ({ deps }: Bench) =>
  createReconciliationActivities(deps).reconcileAccount({ account: ACCOUNT, symbols: [BTC.symbol] });

const modeOf = async ({ store }: Bench) => (await store.account(ACCOUNT))?.mode;

/** Buys at the exchange under an id that the journal has never seen. */
const buyAs = ({ exchange, time }: Bench, clientOrderId: string) =>
  exchange.submit({
    clientOrderId,
    symbol: BTC.symbol,
    side: Side.Buy,
    type: OrderType.Market,
    quantity: d('1'),
    limitPrice: null,
    stopPrice: null,
    sendDeadlineMs: time.nowMs + 1_000,
  });

describe('reconciliation', () => {
  it('finds an order of this deployment that the journal has lost, and does not take its coins for foreign', async () => {
    const bench = createBench();
    await reconcile(bench);
    await buyAs(bench, `${clientOrderIdPrefix(DEPLOYMENT)}lost`);
    expect((await reconcile(bench)).findings).toEqual([
      expect.stringContaining('the journal does not know it'),
    ]);
    expect(await modeOf(bench)).toBe(TradingMode.Reducing);
    expect((await bench.store.account(ACCOUNT))?.foreignHoldings).toMatchObject({ BTC: '3' });
  });

  it('finds an order of another deployment on the same account', async () => {
    const bench = createBench();
    await buyAs(bench, `${clientOrderIdPrefix('another')}theirs`);
    expect((await reconcile(bench)).findings).toEqual([expect.stringContaining('of another deployment')]);
  });

  it('leaves the trades of a person alone', async () => {
    const bench = createBench();
    await buyAs(bench, 'by-hand');
    expect((await reconcile(bench)).findings).toEqual([]);
    expect(await modeOf(bench)).toBe(TradingMode.Active);
  });

  it('reduces until a person agrees when a reset exchange has left positions behind', async () => {
    const bench = createBench();
    await reconcile(bench);
    bench.store.orders.open(grantOf());
    bench.exchange.session = 's2';
    await reconcile(bench);
    expect(await bench.store.account(ACCOUNT)).toMatchObject({ mode: TradingMode.Reducing, session: 's2' });
    await reconcile(bench);
    expect(await modeOf(bench)).toBe(TradingMode.Reducing);
  });
});

import { readMarks } from '../../activities/account-marks';
import { createReconciliationActivities } from '../../activities/reconciliation';
import { OrderType, Side } from '../../domain/order';
import { BTC, d } from '../domain/fixtures';
import { ACCOUNT, createBench, grantOf, type Bench } from './bench';

/** The fake exchange's account holds 10,000 USDT and 3 BTC of somebody else at the start; BTC is at 100. */
async function reconciled(): Promise<Bench> {
  const bench = createBench();
  await createReconciliationActivities(bench.deps).reconcileAccount({
    account: ACCOUNT,
    symbols: [BTC.symbol],
  });
  return bench;
}

const marks = async (bench: Bench) => (await readMarks(bench.deps, ACCOUNT, BTC.quote)).marks;

/** Trades at the exchange without a word to the journal. */
async function tradeUnheard({ exchange, time }: Bench, side: Side, id: string): Promise<void> {
  await exchange.submit({
    clientOrderId: id,
    symbol: BTC.symbol,
    side,
    type: OrderType.Market,
    quantity: d('1'),
    limitPrice: null,
    stopPrice: null,
    sendDeadlineMs: time.nowMs + 1_000,
  });
}

describe('marks of an account', () => {
  it('leaves out coins that were there before', async () => {
    const bench = await reconciled();
    bench.store.orders.open(grantOf());
    bench.exchange.moveTo(d('200'));
    expect((await marks(bench)).equity).toBe('10000');
  });

  it('takes an entry that the journal has not heard of for a purchase, not for a loss', async () => {
    const bench = await reconciled();
    bench.store.orders.open(grantOf());
    await tradeUnheard(bench, Side.Buy, 'entry');
    const bought = d('99.9'); // 1 BTC at 100 less the fee of 0.1 %, taken in BTC
    expect((await marks(bench)).equity).toBe(d(String(9_900 + Number(bought))));
  });

  it('counts a coin that Ballast holds by its bid', async () => {
    const bench = await reconciled();
    bench.store.orders.open(grantOf());
    await tradeUnheard(bench, Side.Buy, 'entry');
    bench.exchange.moveTo(d('110'));
    expect(Number((await marks(bench)).equity)).toBeCloseTo(9_900 + 0.999 * 110, 9);
  });

  it('does not mind that somebody sells coins of their own', async () => {
    const bench = await reconciled();
    bench.store.orders.open(grantOf());
    await tradeUnheard(bench, Side.Sell, 'by hand');
    // Only the fee is gone: the proceeds stand for the coin.
    expect((await marks(bench)).equity).toBe('9999.9');
  });

  it('does not take holdings for foreign while a position is live', async () => {
    const bench = await reconciled();
    bench.store.orders.open(grantOf());
    await tradeUnheard(bench, Side.Buy, 'entry');
    await createReconciliationActivities(bench.deps).reconcileAccount({
      account: ACCOUNT,
      symbols: [BTC.symbol],
    });
    expect((await bench.store.account(ACCOUNT))?.foreignHoldings).toEqual({ USDT: '10000', BTC: '3' });
  });
});

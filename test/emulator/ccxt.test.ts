import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Fixture } from './client';
import { waveMarket } from './scripted-market';

const fixture = new Fixture();
afterAll(() => fixture.end());

type Results = Record<string, unknown>;

describe('unmodified ccxt and ccxt.pro', () => {
  let results: Results;
  beforeAll(async () => {
    const emulator = await fixture.start({ source: waveMarket(), paused: false, speed: 60 });
    const script = join(__dirname, 'javascript/ccxt-smoke.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(emulator)]);
    results = JSON.parse(stdout) as Results;
  }, 180_000);

  const refused: Record<string, string> = {
    'duplicate clientOrderId': 'InvalidOrder',
    'createOrder postOnly that crosses': 'OrderImmediatelyFillable',
    'cancelOrder again': 'OrderNotFound',
    'fetchOrder unknown': 'OrderNotFound',
    'insufficient funds': 'InsufficientFunds',
  };

  it('call every method; what should be refused is, with the right class', () => {
    expect(Object.keys(results).length).toBeGreaterThan(55);
    const errors = Object.entries(results).flatMap(([name, result]) => {
      const error = (result as { error?: string } | null)?.error;
      return error === undefined ? [] : [[name, error.split(':')[0]] as const];
    });
    expect(Object.fromEntries(errors)).toEqual(refused);
  });

  it('see the market as it is', () => {
    expect(results.loadMarkets).toEqual(['BTC/USDT', 'ETH/USDT']);
    expect(results.market).toMatchObject({
      precision: { price: 0.01, amount: 0.00001 },
      limits: { amount: { min: 0.00001, max: 9000 }, cost: { min: 5 } },
    });
    expect(results.fetchOHLCV).toHaveLength(5);
    expect(results.fetchTradingFee).toBe(0.001);
    expect(results.fetchBalance).toEqual({ free: 10_000, used: 0, total: 10_000 });
    expect(results.watchOrderBook).toMatchObject({ bids: 10, asks: 10, spread: 1 });
  });

  it.each([
    [
      'createOrder market buy',
      { status: 'closed', filled: 0.02, fee: { currency: 'BTC', cost: 0.00002 }, trades: 1 },
    ],
    ['createOrder limit', { status: 'open', filled: 0, clientOrderId: 'limit-1' }],
    ['fetchOrder by clientOrderId', { status: 'open', clientOrderId: 'limit-1' }],
    ['createOrder postOnly', { status: 'open' }],
    ['createOrder IOC', { status: 'expired', filled: 0 }],
    ['createOrder FOK', { status: 'closed', filled: 0.01 }],
    ['createOrder stopLossPrice market', { status: 'open', side: 'sell' }],
    ['createOrder takeProfitPrice limit', { status: 'open', side: 'sell' }],
    ['editOrder', { status: 'open', amount: 0.012 }],
    ['cancelOrder', { status: 'canceled' }],
    ['watchMyTrades', { side: 'sell', fee: { currency: 'USDT' } }],
  ])('%s', (name, expected) => {
    expect(results[name]).toMatchObject(expected);
  });

  it('hears of its own order on the user stream', () => {
    expect(results.watchOrders).toMatchObject([{ clientOrderId: 'watched-1', status: 'open' }]);
    expect(results.watchBalance).toMatchObject({ used: expect.any(Number) as number });
  });
});

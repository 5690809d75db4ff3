import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directStop, type DirectStopReport } from '../../../adapters/exchange/direct-stop/direct-stop';
import type { ExchangePort } from '../../../adapters/exchange/port';
import { decimal } from '../../../domain/decimal';
import { clientOrderIdPrefix } from '../../../domain/ids';
import { OrderType } from '../../../domain/order';
import { startEmulator, type RunningEmulator } from '../../../emulator/main';
import { buyRequest, openExchange } from './scripted-exchange';
import { SESSION_START_MS, stillMarket } from './still-market';
import { VISIBILITY_LAG_MS } from '../../../domain/order-timing';

const BTC = 'BTC/USDT';
const DEPLOYMENT = 'drill';
/** An asset of which nothing is left is not listed. */
const NOTHING = { free: '0', locked: '0' };
const STRANGER = 'someone-else-';
const DAY_MS = 86_400_000;
/** The same market, for a month. */
const longMarket = { ...stillMarket, endMs: SESSION_START_MS + 30 * DAY_MS };

/** The whole algorithm against the real emulator; its own record is the judge. */
describe('the direct stop', () => {
  let folder: string;
  let emulator: RunningEmulator;
  let exchange: ExchangePort;
  let count = 0;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ballast-direct-'));
    emulator = await startEmulator({
      port: 0,
      source: longMarket,
      speed: 60,
      paused: true,
      journalDir: folder,
      accounts: [
        {
          name: 'test',
          apiKey: 'emulator-key',
          secret: 'emulator-secret',
          balances: { USDT: '100000', BTC: '1' },
        },
      ],
    });
    exchange = await openExchange(
      { restUrl: emulator.url, wsUrl: emulator.wsUrl },
      { clock: 'emulator', apiKey: emulator.apiKey, secret: emulator.secret },
    );
  });
  afterEach(async () => {
    await exchange.close();
    await emulator.close();
    await rm(folder, { recursive: true });
  });

  const id = (prefix: string): string => `${prefix}${(count += 1)}`;
  const buy = (quantity: string, prefix = clientOrderIdPrefix(DEPLOYMENT)) =>
    exchange.submit(buyRequest({ clientOrderId: id(prefix), quantity: decimal(quantity) }));
  const rest = (prefix = clientOrderIdPrefix(DEPLOYMENT)) =>
    exchange.submit(
      buyRequest({
        clientOrderId: id(prefix),
        type: OrderType.Limit,
        quantity: decimal('0.1'),
        limitPrice: decimal('50000'),
      }),
    );
  const protect = (quantity: string) =>
    exchange.submit(
      buyRequest({
        clientOrderId: id(clientOrderIdPrefix(DEPLOYMENT)),
        side: 'sell',
        type: OrderType.StopMarket,
        quantity: decimal(quantity),
        stopPrice: decimal('55000'),
      }),
    );
  const told: string[] = [];
  const stop = (
    symbols = [BTC],
    windows: Partial<Parameters<typeof directStop>[0]> = {},
  ): Promise<DirectStopReport> =>
    directStop({
      exchange,
      account: 'test',
      deployment: DEPLOYMENT,
      symbols,
      sendWindowMs: 500,
      recvWindowMs: 100,
      visibilityLagMs: 400,
      report: (line) => told.push(line),
      pauseMs: 1,
      ...windows,
    });
  const btc = async () => {
    const { free, locked } = (await exchange.balances()).find(({ asset }) => asset === 'BTC') ?? NOTHING;
    return { free, locked };
  };
  const plan = async (fault: object): Promise<void> => {
    const response = await fetch(`${emulator.url}/emulator/faults`, {
      method: 'POST',
      body: JSON.stringify(fault),
    });
    if (!response.ok) throw new Error(await response.text());
  };

  const days = async (count: number): Promise<void> => {
    const toMs = SESSION_START_MS + count * DAY_MS;
    const body = JSON.stringify({ action: 'advanceTo', toMs });
    const response = await fetch(`${emulator.url}/emulator/clock`, { method: 'POST', body });
    if (!response.ok) throw new Error(await response.text());
  };

  it('finds nothing in an account that is flat, and sells none of its other coins', async () => {
    expect(await stop()).toMatchObject({ flat: true, cancelledOrders: 0, sells: 0, left: [], passes: 2 });
    expect(await btc()).toEqual({ free: '1', locked: '0' });
  });

  it('cancels our entries, swaps our stop for a sell, and leaves what is not ours', async () => {
    await buy('0.2');
    await protect('0.1998');
    await rest();
    await rest(STRANGER);
    await buy('0.3', STRANGER);
    const report = await stop();
    expect(report).toMatchObject({ flat: true, cancelledOrders: 2, sells: 1, left: [] });
    expect(
      (await exchange.openOrders()).map(({ clientOrderId }) => clientOrderId.startsWith(STRANGER)),
    ).toEqual([true]);
    // The stranger's 0.3 less its fee, and the coin that was there before.
    expect(await btc()).toEqual({ free: '1.2997', locked: '0' });
  });

  it('sells what no stop protects', async () => {
    await buy('0.2');
    expect(await stop()).toMatchObject({ flat: true, cancelledOrders: 0, sells: 1 });
    expect(await btc()).toEqual({ free: '1', locked: '0' });
  });

  it('swaps each of several sells and still sells no more than was bought', async () => {
    await buy('0.2');
    await protect('0.1');
    await protect('0.0998');
    expect(await stop()).toMatchObject({ flat: true, cancelledOrders: 2, sells: 2 });
    expect(await btc()).toEqual({ free: '1', locked: '0' });
  });

  it('sells less than was bought when the coins have gone elsewhere', async () => {
    await buy('0.2');
    await exchange.submit(
      buyRequest({ clientOrderId: id(STRANGER), side: 'sell', quantity: decimal('1.1') }),
    );
    const report = await stop();
    expect(report.sells).toBe(1);
    expect(await btc()).toEqual({ free: '0', locked: '0' });
    expect(report.left).toMatchObject([{ symbol: BTC, quantity: '0.1' }]);
  });

  it('reports dust instead of chasing it', async () => {
    await buy('0.00009');
    const report = await stop();
    expect(report).toMatchObject({ flat: true, sells: 0 });
    expect(report.left).toMatchObject([{ symbol: BTC, quantity: '0.00008991', why: 'below-min-notional' }]);
  });

  it.each(['POST /api/v3/order', 'POST /api/v3/order/cancelReplace'])(
    'sells once when the answer to %s is lost',
    async (match) => {
      await buy('0.2');
      if (match.endsWith('cancelReplace')) await protect('0.1998');
      await plan({ match, kind: 'reset-after' });
      expect(await stop()).toMatchObject({ flat: true, sells: 1 });
      expect(await btc()).toEqual({ free: '1', locked: '0' });
    },
  );

  it.each(['POST /api/v3/order', 'GET /api/v3/account', 'DELETE /api/v3/order'])(
    'carries on when %s fails for a while',
    async (match) => {
      await buy('0.2');
      await rest();
      await plan({ match, kind: 'reset-before', times: 2 });
      expect(await stop()).toMatchObject({ flat: true, cancelledOrders: 1, sells: 1 });
      expect(await btc()).toEqual({ free: '1', locked: '0' });
    },
  );

  it.each([
    [
      'a page behind which it was done',
      [{ kind: 'garbage', phase: 'after', match: '* *', times: 3, skip: 1 }],
    ],
    ['unclear answers', [{ kind: 'code', code: -1007, phase: 'after', match: 'POST *', times: 2 }]],
    [
      'a sell that cannot be seen at once',
      [
        { kind: 'hidden-order', delayMs: 300 },
        { kind: 'empty', phase: 'after', match: 'POST *' },
      ],
    ],
    ['a sell that is refused once the stop is gone', [{ kind: 'replace-fails', half: 'placement' }]],
    ['a stop that will not be cancelled', [{ kind: 'replace-fails', half: 'cancellation', times: 2 }]],
    ['a stop that fills in the same instant', [{ kind: 'cancel-loses', match: 'POST *' }]],
    ['a ban', [{ kind: 'rate-limit', status: 418, retryAfterS: 1 }]],
    ['too many orders', [{ kind: 'code', code: -1015, retryAfterS: 1, match: 'POST *' }]],
    ['an overload', [{ kind: 'code', code: -1008, times: 5 }]],
    ['a clock that is off', [{ kind: 'clock-skew', skewMs: -60_000 }]],
  ])('ends flat in spite of %s', async (_, faults) => {
    await buy('0.2');
    await protect('0.1998');
    await rest();
    for (const fault of faults) await plan(fault);
    expect(await stop()).toMatchObject({ flat: true });
    expect(await btc()).toEqual({ free: '1', locked: '0' });
  });

  it('sells what it can when a pair is no longer listed, and says so', async () => {
    await buy('0.2');
    expect(await stop(['GONE/USDT', BTC])).toMatchObject({ flat: true, sells: 1 });
    expect(told).toContain('GONE/USDT is not listed any more: nothing of it can be sold');
    expect(await btc()).toEqual({ free: '1', locked: '0' });
  });

  describe('after days', () => {
    it('sells an old position in the place of its stop', async () => {
      await buy('0.05');
      await protect('0.04995');
      await days(8);
      expect(await stop()).toMatchObject({ flat: true, cancelledOrders: 1, sells: 1, left: [] });
      expect(await btc()).toEqual({ free: '1', locked: '0' });
    });

    it('sells an old position that no stop protects', async () => {
      await buy('0.05');
      await days(8);
      expect(await stop()).toMatchObject({ flat: true, cancelledOrders: 0, sells: 1 });
      expect(await btc()).toEqual({ free: '1', locked: '0' });
    });

    it('sells the newer position though an old purchase was sold lately', async () => {
      await buy('0.2');
      await days(8);
      await exchange.submit(
        buyRequest({
          clientOrderId: id(clientOrderIdPrefix(DEPLOYMENT)),
          side: 'sell',
          quantity: decimal('0.1998'),
        }),
      );
      await buy('0.05');
      await protect('0.04995');
      expect(await stop()).toMatchObject({ flat: true, sells: 1, left: [] });
      expect(await btc()).toEqual({ free: '1', locked: '0' });
    });
  });

  describe('with coins there that are not ours', () => {
    const LONG = { visibilityLagMs: VISIBILITY_LAG_MS };

    it.each([
      ['a stop is swapped', true, []],
      ['nothing protects it', false, []],
      [
        'a stop is swapped and the answer is lost',
        true,
        [{ kind: 'empty', phase: 'after', match: 'POST *' }],
      ],
      ['nothing protects it and the answer is lost', false, [{ kind: 'reset-after', match: 'POST *' }]],
    ])('sells once though the sale does not show for 1.8 s: %s', async (_, isProtected, faults) => {
      await buy('0.01');
      if (isProtected) await protect('0.00999');
      await plan({ kind: 'hidden-order', delayMs: 1_800 });
      for (const fault of faults) await plan(fault);
      expect(await stop([BTC], LONG)).toMatchObject({ flat: true, sells: 1 });
      expect(await btc()).toEqual({ free: '1', locked: '0' });
    });

    it('does not sell what somebody has sold a moment ago, though that does not show yet', async () => {
      await buy('0.01');
      await plan({ kind: 'hidden-order', delayMs: 1_800 });
      await exchange.submit(
        buyRequest({
          clientOrderId: id(clientOrderIdPrefix(DEPLOYMENT)),
          side: 'sell',
          quantity: decimal('0.00999'),
        }),
      );
      expect(await stop([BTC], LONG)).toMatchObject({ flat: true, sells: 0 });
      expect(await btc()).toEqual({ free: '1', locked: '0' });
    });

    it('finds a stop that does not show yet, and does not sell for it twice', async () => {
      await buy('0.01');
      await plan({ kind: 'hidden-order', delayMs: 1_800 });
      await protect('0.00999');
      expect(await stop([BTC], LONG)).toMatchObject({ flat: true, cancelledOrders: 1, sells: 1 });
      expect(await btc()).toEqual({ free: '1', locked: '0' });
    });
  });

  it('sells what a resting sell of ours offers, though the record shows no purchase of it', async () => {
    await protect('0.1');
    expect(await stop()).toMatchObject({ flat: true, cancelledOrders: 1, sells: 1 });
    expect(await btc()).toEqual({ free: '0.9', locked: '0' });
  });

  it('leaves the stop of what cannot be sold where it is, names it, and does not call that flat', async () => {
    await buy('0.00012');
    await protect('0.0001');
    await plan({ kind: 'rules', symbol: 'BTCUSDT', minNotional: '50' });
    const report = await stop();
    expect(report).toMatchObject({ flat: false, answered: true, cancelledOrders: 0, sells: 0 });
    expect(report.left[0]).toMatchObject({
      quantity: '0.0001',
      why: expect.stringMatching(/its stop .* still rests/) as string,
    });
    expect(await exchange.openOrders()).toHaveLength(1);
  });

  it('places the stop again when neither the swap nor a plain sale succeeds, and sells later', async () => {
    await buy('0.2');
    await protect('0.1998');
    await plan({ kind: 'replace-fails', half: 'placement' });
    await plan({ kind: 'code', code: -2010, match: 'POST /api/v3/order' });
    const report = await stop();
    expect(told).toContain(`${BTC}: the stop of 0.1998 at 55000 was placed again`);
    expect(report).toMatchObject({ flat: true, cancelledOrders: 2, sells: 1 });
    expect(await btc()).toEqual({ free: '1', locked: '0' });
  });

  it('ends though the exchange never answers, and says so', async () => {
    await buy('0.2');
    await protect('0.1998');
    await plan({ match: 'GET /api/v3/openOrders', kind: 'reset-before', times: 100 });
    expect(await stop()).toMatchObject({ flat: false, answered: false, sells: 0, passes: 30 });
    expect(await btc()).toEqual({ free: '1', locked: '0.1998' });
  });

  it('ends in time though the exchange wishes to be left alone for long', async () => {
    await buy('0.2');
    await plan({ kind: 'rate-limit', status: 418, retryAfterS: 3_600 });
    expect(await stop()).toMatchObject({ flat: false, sells: 0, passes: 1 });
  });

  it('gives up at once when the keys are refused', async () => {
    await exchange.close();
    exchange = await openExchange(
      { restUrl: emulator.url, wsUrl: emulator.wsUrl },
      { clock: 'emulator', apiKey: 'wrong-key-1234', secret: 'wrong-secret' },
    );
    await expect(stop()).rejects.toMatchObject({ name: 'ExchangeFailure' });
  });
});

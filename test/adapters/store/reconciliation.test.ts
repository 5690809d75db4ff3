import { Timeframe } from '../../../domain/bar';
import { decimal } from '../../../domain/decimal';
import { directStopOrderId, positionId as positionIdOf } from '../../../domain/ids';
import { Leg, OrderEvent, OrderType } from '../../../domain/order';
import { ExitReason, type PositionView } from '../../../domain/position';
import { divideSale } from '../../../domain/reconciliation';
import { TradingMode } from '../../../domain/risk';
import { createViews } from '../../../adapters/store/views';
import {
  ACCOUNT,
  BAR_MS,
  createBench,
  DEPLOYMENT,
  enter,
  fillOf,
  instrument,
  mustFind,
  mustGrant,
  mustOrder,
  NOW_MS,
  orderId,
  sendAndOpen,
  sendRequest,
  SESSION,
  type Bench,
} from './support';

describe('what a reconciliation writes', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await createBench();
  });
  beforeEach(() => bench.reset());
  afterAll(() => bench.close());

  describe('an inferred fill', () => {
    const executed = { quantity: decimal('3'), quote: decimal('304'), marketTimeMs: NOW_MS + 2_000 };

    async function infer(): Promise<{ readonly position: PositionView; readonly entry: string }> {
      const position = await mustGrant(bench.store);
      const entry = await sendAndOpen(bench.store, orderId(position, Leg.Entry));
      await bench.store.recordFills(ACCOUNT, [fillOf(entry, '1', '1')], 'stream');
      await bench.store.inferFill(entry.clientOrderId, executed);
      return { position, entry: entry.clientOrderId };
    }

    it('counts as held, is marked in the list of trades, and is made once', async () => {
      const { position, entry } = await infer();
      expect(await bench.store.inferFill(entry, executed)).toBeUndefined();
      expect(await mustOrder(bench.store, entry)).toMatchObject({ filledQuantity: '3', filledQuote: '304' });
      const { ledger } = await mustFind(bench.store, position.positionId);
      // Its fee is the taker fee of the two that nobody has listed.
      expect(ledger).toMatchObject({ boughtQuantity: '3', heldQuantity: '2.998' });
      const trades = await createViews(bench.pool).trades({ account: ACCOUNT });
      expect(trades.map(({ source, tradeId }) => ({ source, tradeId }))).toEqual([
        { source: 'inferred', tradeId: `inferred/${entry}/1-3` },
        { source: 'stream', tradeId: '1' },
      ]);
    });

    it('gives way to real trades, part by part, and never counts twice', async () => {
      const { position, entry } = await infer();
      const order = await mustOrder(bench.store, entry);
      const real = (tradeId: string, quantity: string, price: string) =>
        fillOf(order, tradeId, quantity, { price: decimal(price) });
      await bench.store.recordFills(ACCOUNT, [real('2', '1', '101')], 'look-up');
      expect(await mustOrder(bench.store, entry)).toMatchObject({ filledQuantity: '3', filledQuote: '304' });
      for (const repeat of ['look-up', 'stream'] as const)
        await bench.store.recordFills(ACCOUNT, [real('2', '1', '101'), real('3', '1', '103')], repeat);
      expect(await mustOrder(bench.store, entry)).toMatchObject({ filledQuantity: '3', filledQuote: '304' });
      const { rows } = await bench.pool.query('SELECT trade_id FROM fills ORDER BY trade_id');
      expect(rows).toEqual([{ trade_id: '1' }, { trade_id: '2' }, { trade_id: '3' }]);
      expect((await mustFind(bench.store, position.positionId)).ledger.boughtQuote).toBe('304');
    });

    it('of two processes at once is one', async () => {
      const position = await mustGrant(bench.store);
      const entry = await sendAndOpen(bench.store, orderId(position, Leg.Entry));
      await Promise.all(
        Array.from({ length: 8 }, () => bench.store.inferFill(entry.clientOrderId, executed)),
      );
      expect((await mustFind(bench.store, position.positionId)).ledger.boughtQuantity).toBe('3');
    });

    it('alone may be taken back: real trades stay the record', async () => {
      await infer();
      await expect(bench.pool.query(`DELETE FROM fills WHERE source = 'stream'`)).rejects.toThrow(
        'never changed',
      );
      await expect(bench.pool.query(`DELETE FROM fills WHERE source = 'inferred'`)).resolves.toBeDefined();
    });

    it('on a closed position brings it back, and the real trade settles it anew', async () => {
      const position = await mustGrant(bench.store);
      const entry = await sendAndOpen(bench.store, orderId(position, Leg.Entry));
      await bench.store.recordEvent({ clientOrderId: entry.clientOrderId, event: OrderEvent.SeenCancelled });
      await bench.store.closePosition(position.positionId, ExitReason.NotEntered, NOW_MS);
      await bench.store.inferFill(entry.clientOrderId, executed);
      expect((await mustFind(bench.store, position.positionId)).state).toBe('live');
    });
  });

  describe('an order found at the exchange', () => {
    const stopOf = (position: PositionView, sequence: number) => ({
      ...{ clientOrderId: orderId(position, Leg.Stop, sequence), positionId: position.positionId, sequence },
      ...{ leg: Leg.Stop, type: OrderType.StopMarket, quantity: decimal('3'), limitPrice: null },
      ...{ stopPrice: decimal('97'), exchangeOrderId: 'x9' },
    });

    it('becomes a row of its position that is never sent', async () => {
      const position = await enter(bench.store, '3');
      const found = stopOf(position, 4);
      const adopted = await bench.store.adoptOrder(found);
      expect(adopted).toMatchObject({ state: 'open', quantity: '3', stopPrice: '97', exchangeOrderId: 'x9' });
      expect((await bench.store.beginSend(sendRequest(found.clientOrderId))).kind).toBe('not-created');
      expect((await mustFind(bench.store, position.positionId)).stopPrice).toBe('97');
      // Once more changes nothing.
      await bench.store.adoptOrder(found);
      const { orders } = await mustFind(bench.store, position.positionId);
      expect(orders.filter(({ sequence }) => sequence === 4)).toHaveLength(1);
    });

    it('corrects the row of one that was planned, with the quantity that was sent', async () => {
      const position = await enter(bench.store, '3');
      expect(await bench.store.adoptOrder(stopOf(position, 0))).toMatchObject({
        state: 'open',
        quantity: '3',
      });
    });

    it('leaves one that was sent from here alone', async () => {
      const position = await enter(bench.store, '3');
      await sendAndOpen(bench.store, orderId(position, Leg.Stop));
      const { stopPrice } = await bench.store.adoptOrder(stopOf(position, 0));
      expect(stopPrice).toBe('95');
    });
  });

  it('a recovered position stands beside a granted one, owns its entry, and is written once', async () => {
    await enter(bench.store, '3');
    const barCloseMs = BAR_MS - 600_000;
    const identity = { account: ACCOUNT, session: SESSION, strategy: 'rsi', symbol: 'BTC/USDT', barCloseMs };
    const positionId = positionIdOf(identity);
    const found = {
      ...{ positionId, account: ACCOUNT, strategy: 'rsi', timeframe: Timeframe.M1, barCloseMs },
      ...{
        instrument: instrument(),
        price: decimal('100'),
        stopPrice: decimal('90'),
        targetPrice: decimal('120'),
      },
      entry: {
        ...{ clientOrderId: 'bl-lost-entry', exchangeOrderId: 'x1', type: OrderType.Limit },
        ...{ quantity: decimal('2'), limitPrice: decimal('100'), stopPrice: null },
      },
      ...{ grantedAtMs: barCloseMs, expiresAtMs: barCloseMs },
    } as const;
    for (let times = 0; times < 2; times += 1)
      expect(await bench.store.recoverPosition(found)).toMatchObject({
        ...{ state: 'live', quantity: '2', stopPrice: '90' },
        orders: [{ leg: 'entry', clientOrderId: 'bl-lost-entry', state: 'open' }],
      });
    expect(await bench.store.livePositions(ACCOUNT)).toHaveLength(2);
    const entry = await mustOrder(bench.store, 'bl-lost-entry');
    await bench.store.recordFills(
      ACCOUNT,
      [fillOf(entry, '77', '2', { clientOrderId: '', exchangeOrderId: 'x1' })],
      'look-up',
    );
    expect((await mustFind(bench.store, positionId)).ledger.heldQuantity).toBe('2');
  });

  it('a sale that nobody ordered is divided, journaled once, and is an emergency exit', async () => {
    const older = await enter(bench.store, '3');
    const newer = await enter(bench.store, '2', {
      ...{ strategy: 'other', barCloseMs: BAR_MS + 60_000, marketTimeMs: NOW_MS + 20_000 },
    });
    const clientOrderId = directStopOrderId({
      ...{ deployment: DEPLOYMENT, account: ACCOUNT, symbol: 'BTC/USDT', startedAtMs: 1, sequence: 1 },
    });
    const [template] = newer.orders;
    if (template === undefined) throw new Error('there is no entry');
    const fills = [
      fillOf({ ...template, clientOrderId, side: 'sell' }, '101', '1', { exchangeOrderId: 'x7' }),
      fillOf({ ...template, clientOrderId, side: 'sell' }, '102', '4', { exchangeOrderId: 'x7' }),
    ];
    const parts = divideSale({ clientOrderId, fills }, [newer, older]);
    if (parts === undefined) throw new Error('the sale was not divided');
    const sale = {
      clientOrderId,
      exchangeOrderId: 'x7',
      leg: Leg.Emergency,
      exitReason: ExitReason.Emergency,
      parts,
    };
    await bench.store.wishExit(older.positionId, ExitReason.Unprotected);
    const answers = await Promise.all(
      [bench.store.adoptSale(sale), bench.store.adoptSale(sale)].map((one) => one.catch(() => 'lost')),
    );
    expect(answers).toContainEqual([older.positionId, newer.positionId]);
    expect(await bench.store.adoptSale(sale)).toEqual([]);
    for (const [position, tradeIds] of [
      [older, ['101', '102']],
      [newer, ['102#2']],
    ] as const) {
      const { exitReason, ledger } = await mustFind(bench.store, position.positionId);
      expect({ exitReason, held: ledger.heldQuantity }).toEqual({ exitReason: 'emergency', held: '0' });
      const { rows } = await bench.pool.query<{ trade_id: string }>(
        `SELECT trade_id FROM fills f JOIN orders o USING (client_order_id) WHERE o.position_id = $1 AND f.side = 'sell' ORDER BY trade_id`,
        [position.positionId],
      );
      expect(rows.map((row) => row.trade_id)).toEqual(tradeIds);
    }
    // The exchange's list of trades, which names no client order id, adds nothing.
    await bench.store.recordFills(
      ACCOUNT,
      fills.map((fill) => ({ ...fill, clientOrderId: '' })),
      'reconciliation',
    );
    expect((await mustFind(bench.store, newer.positionId)).ledger.soldQuantity).toBe('2');
  });

  it('refuses a sale whose coins have gone otherwise since it was divided', async () => {
    const position = await enter(bench.store, '3');
    const [entry] = position.orders;
    if (entry === undefined) throw new Error('there is no entry');
    const fills = [fillOf({ ...entry, clientOrderId: 'sale', side: 'sell' }, '101', '4')];
    const { positionId } = position;
    const parts = [{ positionId, clientOrderId: 'sale', quantity: decimal('4'), fills }];
    const sale = {
      clientOrderId: 'sale',
      exchangeOrderId: 'x',
      leg: Leg.Exit,
      exitReason: ExitReason.Stray,
      parts,
    };
    await expect(bench.store.adoptSale(sale)).rejects.toMatchObject({ code: 'conflict' });
    expect(await bench.store.order('sale')).toBeUndefined();
  });

  it('never sells what is missing', async () => {
    const position = await enter(bench.store, '3');
    expect(await bench.store.setMissing(position.positionId, decimal('1'))).toBe(true);
    expect(await bench.store.setMissing(position.positionId, decimal('1'))).toBe(false);
    const ticket = await bench.store.beginSend(sendRequest(orderId(position, Leg.Stop)));
    expect(ticket).toMatchObject({ kind: 'send', order: { quantity: '2' } });
  });

  it('notes once that a pair is delisted, and once that it is back; and closes a position for that reason', async () => {
    const { positionId } = await enter(bench.store, '3');
    const delistedAtMs = async () => (await mustFind(bench.store, positionId)).delistedAtMs;
    expect(await delistedAtMs()).toBeNull();
    expect(await bench.store.setDelisted(positionId, null)).toBe(false);
    expect(await bench.store.setDelisted(positionId, NOW_MS)).toBe(true);
    expect(await bench.store.setDelisted(positionId, NOW_MS + 1)).toBe(false);
    expect(await delistedAtMs()).toBe(NOW_MS);
    expect(await bench.store.setDelisted(positionId, null)).toBe(true);
    expect(await delistedAtMs()).toBeNull();
    expect(await bench.store.wishExit(positionId, ExitReason.Delisted)).toBe(true);
    expect(await mustFind(bench.store, positionId)).toMatchObject({ exitReason: 'delisted' });
  });

  it('keeps findings once, and knows which a person has resumed in spite of', async () => {
    const finding = { key: 'reconciliation/stray/1', code: 'stray', message: 'a stray' };
    const record = () => bench.store.recordFindings(ACCOUNT, [finding], NOW_MS);
    expect(await record()).toEqual({ fresh: new Set([finding.key]), accepted: new Set() });
    const change = (mode: TradingMode, by: string) =>
      bench.store.setMode(ACCOUNT, mode, { reason: 'a test', by });
    await change(TradingMode.Reducing, 'reconciliation');
    await change(TradingMode.Active, 'reconciliation');
    expect(await record()).toEqual({ fresh: new Set(), accepted: new Set() });
    await change(TradingMode.Reducing, 'reconciliation');
    await change(TradingMode.Active, 'cli:somebody');
    expect(await record()).toEqual({ fresh: new Set(), accepted: new Set([finding.key]) });
  });

  it('keeps one report of a run, and gives back the last', async () => {
    const report = (checkedOrders: number) => ({
      ...{ session: SESSION, marketTimeMs: NOW_MS, sinceMs: 0, mode: TradingMode.Active, checkedOrders },
      ...{ recoveredFills: 0, adoptedPositions: [], findings: [], done: [] },
    });
    const keep = (key: string, checkedOrders: number) =>
      bench.store.recordReconciliation({
        ...{ account: ACCOUNT, session: SESSION, key, trigger: 'a test', marketTimeMs: NOW_MS },
        report: report(checkedOrders),
      });
    await keep('run/1', 1);
    await keep('run/2', 2);
    await keep('run/2', 3);
    const last = await bench.store.lastReconciliation(ACCOUNT);
    expect(last).toMatchObject({ trigger: 'a test', marketTimeMs: NOW_MS, report: { checkedOrders: 2 } });
    expect(await bench.store.lastReconciliation('nobody')).toBeUndefined();
  });
});

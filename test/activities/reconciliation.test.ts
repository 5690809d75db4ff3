import { createProtection } from '../../activities/protection';
import { createReconciliationActivities, type ReconcileInput } from '../../activities/reconciliation';
import type { OrderRequest } from '../../adapters/exchange/port';
import { clientOrderId, clientOrderIdPrefix, directStopOrderId, positionId } from '../../domain/ids';
import { Leg, OrderState, OrderType, Side } from '../../domain/order';
import { ExitReason, PositionState } from '../../domain/position';
import { FindingKind, isUnexplained, Severity, StrayPolicy } from '../../domain/findings';
import { TradingMode } from '../../domain/risk';
import { BTC, d } from '../domain/fixtures';
import { ACCOUNT, createBench, DEPLOYMENT, grantOf, START_MS, STRATEGY, TIMING, type Bench } from './bench';

const SESSION = 's1';

const reconcile = ({ deps }: Bench, input: Partial<ReconcileInput> = {}) =>
  createReconciliationActivities(deps).reconcileAccount({
    account: ACCOUNT,
    symbols: [BTC.symbol],
    ...input,
  });

/** As the workflow does it: once more, with what the first look suspects. */
async function reconcileTwice(bench: Bench) {
  const { suspected } = await reconcile(bench);
  return reconcile(bench, { suspected });
}

const modeOf = async ({ store }: Bench) => (await store.account(ACCOUNT))?.mode;
const resume = ({ store }: Bench) =>
  store.setMode(ACCOUNT, TradingMode.Active, { reason: 'I know', by: 'a person' });

/** Places an order at the exchange past the journal. */
const place = (
  { exchange, time }: Bench,
  order: Partial<OrderRequest> & { readonly clientOrderId: string },
) =>
  exchange.submit({
    ...{ symbol: BTC.symbol, side: Side.Buy, type: OrderType.Market, quantity: d('1') },
    ...{ limitPrice: null, stopPrice: null, sendDeadlineMs: time.nowMs + 1_000 },
    ...order,
  });

const ours = (name: string): string => `${clientOrderIdPrefix(DEPLOYMENT)}${name}`;

const idOf = (position: string, leg: Leg, sequence = 0): string =>
  clientOrderId({
    deployment: DEPLOYMENT,
    account: ACCOUNT,
    session: SESSION,
    positionId: position,
    leg,
    sequence,
  });

/** A position that has bought and rests its stop, all of it through the desk. */
async function hold(bench: Bench, change: Parameters<typeof grantOf>[0] = {}): Promise<string> {
  const grant = grantOf(change);
  bench.store.orders.open(grant);
  const { positionId: id, stopPrice } = grant;
  const common = { deployment: DEPLOYMENT, positionId: id, sequence: 0, replaces: null };
  await bench.deps.desk.submit({ ...common, leg: Leg.Entry, type: OrderType.Limit, stopPrice: null });
  await bench.deps.desk.submit({ ...common, leg: Leg.Stop, type: OrderType.StopMarket, stopPrice });
  return id;
}

async function opened(): Promise<Bench> {
  const bench = createBench();
  await reconcile(bench);
  return bench;
}

describe('orders that the journal does not know', () => {
  it('reduce when they are of this deployment, and their coins are not taken for foreign', async () => {
    const bench = await opened();
    await place(bench, { clientOrderId: ours('lost') });
    const { findings } = await reconcile(bench);
    expect(findings).toMatchObject([{ kind: FindingKind.Stray, subject: ours('lost') }]);
    expect(findings[0]?.message).toContain('the journal does not know it');
    expect(await modeOf(bench)).toBe(TradingMode.Reducing);
    expect((await bench.store.account(ACCOUNT))?.foreignHoldings).toMatchObject({ BTC: '3' });
    expect(bench.store.riskEvents).toMatchObject([{ code: 'stray' }]);
  });

  it('reduce when they are of another deployment, whose prefix is named', async () => {
    const bench = createBench();
    await place(bench, { clientOrderId: `${clientOrderIdPrefix('another')}theirs` });
    const { findings } = await reconcile(bench);
    expect(findings).toMatchObject([{ kind: FindingKind.ForeignDeployment, severity: Severity.Unexplained }]);
    expect(findings[0]?.message).toContain(`ids begin with ${clientOrderIdPrefix('another')}`);
    expect((await bench.store.account(ACCOUNT))?.modeReason).toContain(clientOrderIdPrefix('another'));
  });

  it('no longer reduce once a person has resumed trading in spite of them', async () => {
    const bench = await opened();
    await place(bench, { clientOrderId: ours('lost') });
    await reconcile(bench);
    await resume(bench);
    const { findings } = await reconcile(bench);
    expect(findings).toMatchObject([{ kind: FindingKind.Stray, severity: Severity.Notice }]);
    expect(await modeOf(bench)).toBe(TradingMode.Active);
    await place(bench, { clientOrderId: ours('another') });
    expect((await reconcile(bench)).findings.filter(isUnexplained)).toHaveLength(1);
    expect(await modeOf(bench)).toBe(TradingMode.Reducing);
  });

  it('stay in sight for as long as they are not explained', async () => {
    const bench = await opened();
    await place(bench, { clientOrderId: ours('lost') });
    const activities = createReconciliationActivities(bench.deps);
    for (let hour = 0; hour < 30; hour += 1) {
      bench.time.nowMs += 3_600_000;
      const report = { ...(await reconcile(bench)), adoptedPositions: [] };
      await activities.recordReconciliation({ account: ACCOUNT, key: String(hour), trigger: 'test', report });
    }
    expect(await modeOf(bench)).toBe(TradingMode.Reducing);
  });
});

describe('a position that what was learnt leaves bare', () => {
  /** Its entry was filled, and nobody heard. */
  async function bare(bench: Bench): Promise<string> {
    bench.store.orders.open(grantOf());
    bench.exchange.faults.push('unheard');
    const { positionId: id } = grantOf();
    const entry = { deployment: DEPLOYMENT, positionId: id, sequence: 0, replaces: null, stopPrice: null };
    await bench.deps.desk.submit({ ...entry, leg: Leg.Entry, type: OrderType.Limit });
    return id;
  }
  const stopOf = (bench: Bench, id: string) =>
    bench.store.orders.known(id).orders.find(({ leg }) => leg === Leg.Stop)?.state;

  it('has its stop at once', async () => {
    const bench = await opened();
    const id = await bare(bench);
    const { protect } = createProtection(bench.deps);
    await createReconciliationActivities(bench.deps, protect).reconcileAccount({
      ...{ account: ACCOUNT, symbols: [BTC.symbol] },
    });
    expect(stopOf(bench, id)).toBe(OrderState.Open);
  });

  it('is left alone where nothing may be sent yet', async () => {
    const bench = await opened();
    const id = await bare(bench);
    await reconcile(bench);
    expect(stopOf(bench, id)).toBe(OrderState.Created);
  });
});

describe('a journal older than the exchange', () => {
  it('learns that an order was sent which it had only planned, with the quantity that was sent', async () => {
    const bench = await opened();
    const grant = grantOf();
    bench.store.orders.open(grant);
    const entry = idOf(grant.positionId, Leg.Entry);
    const stop = idOf(grant.positionId, Leg.Stop);
    await place(bench, { clientOrderId: entry, type: OrderType.Limit, limitPrice: d('100') });
    await place(bench, {
      ...{ clientOrderId: stop, side: Side.Sell, type: OrderType.StopMarket, quantity: d('0.999') },
      stopPrice: d('90'),
    });
    const { findings, done } = await reconcile(bench);
    expect(findings).toEqual([]);
    expect(done.map(({ kind }) => kind)).toContain('order-learnt');
    expect(await modeOf(bench)).toBe(TradingMode.Active);
    const { orders, ledger } = bench.store.orders.known(grant.positionId);
    expect(ledger.heldQuantity).toBe('0.999');
    expect(orders).toMatchObject([
      { leg: 'entry', state: 'filled', filledQuantity: '1' },
      { leg: 'stop', state: 'open', quantity: '0.999' },
    ]);
    // Nothing of it is ever sent again.
    const again = { deployment: DEPLOYMENT, positionId: grant.positionId, leg: Leg.Entry, sequence: 0 };
    await bench.deps.desk.submit({ ...again, type: OrderType.Limit, stopPrice: null, replaces: null });
    expect(bench.exchange.received).toEqual([entry, stop]);
  });

  it('takes over a stop that took the place of the one it knows', async () => {
    const bench = await opened();
    const id = await hold(bench);
    bench.exchange.end(idOf(id, Leg.Stop), 'cancelled');
    const next = idOf(id, Leg.Stop, 1);
    await place(bench, {
      ...{ clientOrderId: next, side: Side.Sell, type: OrderType.StopMarket, quantity: d('0.999') },
      stopPrice: d('95'),
    });
    const { findings, done } = await reconcile(bench);
    expect(findings.filter(isUnexplained)).toEqual([]);
    expect(done).toContainEqual(expect.objectContaining({ kind: 'order-adopted', subject: next }));
    const { orders, stopPrice } = bench.store.orders.known(id);
    expect(stopPrice).toBe('95');
    expect(orders.find(({ clientOrderId: stop }) => stop === next)).toMatchObject({
      ...{ leg: 'stop', sequence: 1, state: 'open', quantity: '0.999' },
    });
  });

  describe('which has lost a whole position', () => {
    const lost = positionId({
      ...{ account: ACCOUNT, session: SESSION, strategy: STRATEGY, symbol: BTC.symbol },
      barCloseMs: START_MS,
    });
    const strategies = [{ name: STRATEGY, timeframe: '1m' }] as const;

    async function loseOne(withStop: boolean): Promise<Bench> {
      const bench = await opened();
      await place(bench, {
        ...{ clientOrderId: idOf(lost, Leg.Entry), type: OrderType.Limit, limitPrice: d('100') },
      });
      if (withStop)
        await place(bench, {
          ...{ clientOrderId: idOf(lost, Leg.Stop, 3), side: Side.Sell, type: OrderType.StopMarket },
          ...{ quantity: d('0.999'), stopPrice: d('90') },
        });
      return bench;
    }

    it('alerts by default', async () => {
      const bench = await loseOne(true);
      const { findings, livePositions } = await reconcile(bench, { strategies });
      expect(findings.filter(isUnexplained)).toHaveLength(2);
      expect(livePositions).toEqual([]);
    });

    it('takes it back by policy, with its stop', async () => {
      const bench = await loseOne(true);
      const adopted = await reconcile(bench, { strategies, strays: StrayPolicy.Adopt });
      const { findings, livePositions, done } = adopted;
      expect(findings).toEqual([]);
      expect(done.map(({ kind }) => kind)).toEqual(['position-recovered', 'order-adopted']);
      expect(livePositions).toMatchObject([{ positionId: lost, strategy: STRATEGY }]);
      expect(bench.store.orders.known(lost)).toMatchObject({
        ...{ stopPrice: '90', targetPrice: '120', exitReason: null, ledger: { heldQuantity: '0.999' } },
        orders: [{ state: 'filled' }, { leg: 'stop', sequence: 3, state: 'open' }],
      });
    });

    it('does not take it back without its stop, which nobody could know', async () => {
      const bench = await loseOne(false);
      const { findings, livePositions } = await reconcile(bench, { strategies, strays: StrayPolicy.Adopt });
      expect(findings.filter(isUnexplained)).toHaveLength(1);
      expect(livePositions).toEqual([]);
    });

    it('sells it by policy, and ends its stop', async () => {
      const bench = await loseOne(true);
      const { findings, livePositions } = await reconcile(bench, { strategies, strays: StrayPolicy.Close });
      expect(findings).toEqual([]);
      expect(bench.store.orders.known(livePositions[0]?.positionId ?? '')).toMatchObject({
        ...{ exitReason: ExitReason.Stray, ledger: { heldQuantity: '0.999' } },
      });
      expect(bench.exchange.offered()).toBe('0');
    });
  });
});

describe('strays that are to be closed', () => {
  const close = { strays: StrayPolicy.Close } as const;

  it('become a position that sells what they bought less what was sold of it', async () => {
    const bench = await opened();
    await place(bench, { clientOrderId: ours('buy') });
    await place(bench, { clientOrderId: ours('sale'), side: Side.Sell, quantity: d('0.4') });
    await place(bench, {
      ...{ clientOrderId: ours('stop'), side: Side.Sell, type: OrderType.StopMarket },
      ...{ quantity: d('0.5'), stopPrice: d('90') },
    });
    const { findings, done, livePositions } = await reconcile(bench, close);
    expect(findings).toEqual([]);
    expect(done.map(({ kind }) => kind)).toEqual([
      ...['position-recovered', 'sale-attributed', 'stray-cancelled'],
    ]);
    const [position] = livePositions;
    expect(bench.store.orders.known(position?.positionId ?? '')).toMatchObject({
      ...{ exitReason: ExitReason.Stray, ledger: { heldQuantity: '0.599', soldQuantity: '0.4' } },
    });
    expect(bench.exchange.offered()).toBe('0');
    // Repeated, it finds nothing to do.
    expect((await reconcile(bench, close)).done).toEqual([]);
  });

  it('are not sold before every stray sale is accounted for, whatever a killed run has left behind', async () => {
    const bench = await opened();
    await place(bench, { clientOrderId: ours('buy') });
    await place(bench, { clientOrderId: ours('sale'), side: Side.Sell, quantity: d('0.4') });
    const { adoptSale } = bench.store;
    bench.store.adoptSale = () => Promise.reject(new Error('killed'));
    await expect(reconcile(bench, close)).rejects.toThrow('killed');
    const [position] = await bench.store.livePositions(ACCOUNT);
    expect(position).toMatchObject({ exitReason: null, ledger: { heldQuantity: '0.999' } });
    bench.store.adoptSale = adoptSale;
    const { findings } = await reconcile(bench, close);
    expect(findings).toEqual([]);
    expect(bench.store.orders.known(position?.positionId ?? '')).toMatchObject({
      ...{ exitReason: ExitReason.Stray, ledger: { heldQuantity: '0.599' } },
    });
  });

  it('are left to a person when more was sold than bought', async () => {
    const bench = await opened();
    await place(bench, { clientOrderId: ours('buy') });
    await place(bench, { clientOrderId: ours('sale'), side: Side.Sell, quantity: d('2') });
    const { findings, livePositions } = await reconcile(bench, close);
    expect(findings.map(({ kind }) => kind)).toEqual([FindingKind.Stray, FindingKind.Stray]);
    expect(livePositions).toEqual([]);
  });
});

describe('a sale of the direct emergency stop', () => {
  const sell = (bench: Bench, quantity: string) =>
    place(bench, {
      clientOrderId: directStopOrderId({
        ...{ deployment: DEPLOYMENT, account: ACCOUNT, symbol: BTC.symbol, startedAtMs: 1, sequence: 1 },
      }),
      ...{ side: Side.Sell, quantity: d(quantity) },
    });

  it('is the exit of the positions whose coins it sold, the oldest first, to the last unit', async () => {
    const bench = await opened();
    const older = await hold(bench);
    const newer = await hold(bench, { strategy: 'other', barCloseMs: START_MS + 60_000 });
    for (const id of [older, newer]) bench.exchange.end(idOf(id, Leg.Stop), 'cancelled');
    await sell(bench, '1.998');
    const { findings, done } = await reconcile(bench);
    expect(findings.filter(({ kind }) => kind !== FindingKind.ManualCancel)).toMatchObject([
      { kind: FindingKind.DirectStop, severity: Severity.Notice },
    ]);
    expect(done.map(({ kind }) => kind)).toContain('sale-attributed');
    const views = [older, newer].map((id) => bench.store.orders.known(id));
    for (const { exitReason, ledger } of views) {
      expect(exitReason).toBe(ExitReason.Emergency);
      expect(ledger).toMatchObject({ heldQuantity: '0', soldQuantity: '0.999', quoteFees: '0.0999' });
    }
    const sales = views.map(({ orders }) => orders.find(({ leg }) => leg === Leg.Emergency));
    expect(sales.map((sale) => sale?.clientOrderId.split('#')[1])).toEqual(['1', '2']);
    // Known from then on, whatever the exchange goes on telling of it.
    bench.time.nowMs += 60_000;
    expect((await reconcileTwice(bench)).done).toEqual([]);
    for (const id of [older, newer]) expect(bench.store.orders.known(id).ledger.soldQuantity).toBe('0.999');
  });

  it('keeps the account from entering until a person resumes, and not longer', async () => {
    const bench = await opened();
    await hold(bench);
    bench.exchange.end(idOf(grantOf().positionId, Leg.Stop), 'cancelled');
    await sell(bench, '0.999');
    await reconcile(bench);
    expect(await modeOf(bench)).toBe(TradingMode.Reducing);
    await reconcile(bench);
    expect(await modeOf(bench)).toBe(TradingMode.Reducing);
    await resume(bench);
    await reconcile(bench);
    expect(await modeOf(bench)).toBe(TradingMode.Active);
  });

  it('keeps the account from entering even when the run that found it was killed before it could', async () => {
    const bench = await opened();
    await hold(bench);
    bench.exchange.end(idOf(grantOf().positionId, Leg.Stop), 'cancelled');
    await sell(bench, '0.999');
    const { setMode } = bench.store;
    bench.store.setMode = () => Promise.reject(new Error('killed'));
    await expect(reconcile(bench)).rejects.toThrow('killed');
    bench.store.setMode = setMode;
    await reconcile(bench);
    expect(await modeOf(bench)).toBe(TradingMode.Reducing);
  });

  it('is not explained when the positions do not hold what it sold', async () => {
    const bench = await opened();
    await sell(bench, '0.5');
    expect((await reconcile(bench)).findings).toMatchObject([{ kind: FindingKind.Stray }]);
  });
});

describe('what a person does by hand', () => {
  it('trades are noticed once, and change nothing', async () => {
    const bench = createBench();
    await place(bench, { clientOrderId: 'by-hand' });
    const { findings } = await reconcile(bench);
    expect(findings).toMatchObject([{ kind: FindingKind.ManualTrade, severity: Severity.Notice }]);
    expect(findings[0]?.message).toContain("somebody else's order by-hand traded on BTC/USDT: buy 1 at 100");
    expect(await modeOf(bench)).toBe(TradingMode.Active);
    expect((await reconcile(bench)).findings).toEqual([]);
  });

  it('a stop that was cancelled is said to be', async () => {
    const bench = await opened();
    const id = await hold(bench);
    bench.exchange.end(idOf(id, Leg.Stop), 'cancelled');
    const { findings } = await reconcile(bench);
    expect(findings).toMatchObject([{ kind: FindingKind.ManualCancel, severity: Severity.Notice }]);
    expect(bench.store.orders.known(id).orders.at(-1)?.state).toBe('cancelled');
  });

  it('a stop that Ballast cancels to leave is not', async () => {
    const bench = await opened();
    const id = await hold(bench);
    await bench.store.wishExit(id, ExitReason.Flatten);
    bench.exchange.end(idOf(id, Leg.Stop), 'cancelled');
    expect((await reconcile(bench)).findings).toEqual([]);
  });

  describe('coins that were sold', () => {
    async function sellBehindOurBack(quantity: string): Promise<Bench & { readonly id: string }> {
      const bench = await opened();
      const id = await hold(bench);
      bench.exchange.end(idOf(id, Leg.Stop), 'cancelled');
      bench.exchange.foreign.base = d('0');
      bench.exchange.withdrawn = d(quantity);
      return { ...bench, id };
    }

    it('count when two looks agree; the position goes on with what is there', async () => {
      const bench = await sellBehindOurBack('0.5');
      const first = await reconcile(bench);
      expect(first).toMatchObject({ lookAgain: true, suspected: { BTC: '0.5' } });
      expect(first.findings.filter(isUnexplained)).toEqual([]);
      const second = await reconcile(bench, { suspected: first.suspected });
      expect(second.findings.filter(isUnexplained)).toMatchObject([
        { kind: FindingKind.MissingCoins, subject: 'BTC/0.5' },
      ]);
      expect(await bench.store.account(ACCOUNT)).toMatchObject({
        mode: TradingMode.Reducing,
        modeReason: expect.stringContaining('positions hold 0.999 BTC, the account only 0.499') as unknown,
      });
      const { desk } = bench.deps;
      const stop = { deployment: DEPLOYMENT, positionId: bench.id, leg: Leg.Stop, sequence: 1 };
      const { order } = await desk.submit({
        ...{ ...stop, type: OrderType.StopMarket, stopPrice: d('90'), replaces: null },
      });
      expect(order).toMatchObject({ state: 'open', quantity: '0.499' });
    });

    it('end the position when nothing is left', async () => {
      const bench = await sellBehindOurBack('0.999');
      await reconcileTwice(bench);
      expect(bench.store.orders.known(bench.id).exitReason).toBe(ExitReason.Missing);
    });

    it('are counted again when they come back', async () => {
      const bench = await sellBehindOurBack('0.5');
      await reconcileTwice(bench);
      bench.exchange.withdrawn = d('0');
      const { done } = await reconcile(bench);
      expect(done.map(({ kind }) => kind)).toEqual(['holding-limited']);
      expect(bench.store.orders.known(bench.id).missingQuantity).toBe('0');
      expect(await modeOf(bench)).toBe(TradingMode.Active);
    });

    it('are not missed while an order is on its way', async () => {
      const bench = await sellBehindOurBack('0.5');
      bench.exchange.faults.push('lost');
      await bench.deps.desk.submit({
        ...{ deployment: DEPLOYMENT, positionId: bench.id, leg: Leg.Exit, sequence: 0 },
        ...{ type: OrderType.Market, stopPrice: null, replaces: idOf(bench.id, Leg.Stop) },
      });
      const { findings } = await reconcileTwice(bench);
      expect(findings.filter(isUnexplained)).toEqual([]);
    });
  });
});

describe('trades that the exchange counts and does not list', () => {
  it('are inferred after a while, and give way to the real ones', async () => {
    const bench = await opened();
    bench.exchange.unlisted.add('1');
    const grant = grantOf();
    bench.store.orders.open(grant);
    const id = grant.positionId;
    const entry = { deployment: DEPLOYMENT, positionId: id, leg: Leg.Entry, sequence: 0 };
    await bench.deps.desk.submit({ ...entry, type: OrderType.Limit, stopPrice: null, replaces: null });
    expect(bench.store.orders.known(id).orders[0]).toMatchObject({ state: 'open', filledQuantity: '0' });
    expect((await reconcile(bench)).lookAgain).toBe(true);

    bench.time.nowMs += TIMING.sendWindowMs + 10_000;
    const { lookAgain, findings } = await reconcile(bench);
    expect({ lookAgain, findings }).toEqual({ lookAgain: false, findings: [] });
    const inferred = bench.store.orders.known(id);
    expect(inferred.ledger).toMatchObject({ heldQuantity: '0.999', boughtQuote: '100' });
    expect(inferred.orders[0]).toMatchObject({ state: 'filled', filledQuantity: '1' });

    bench.exchange.unlisted.clear();
    await reconcile(bench);
    const real = bench.store.orders.known(id);
    expect(real.ledger).toMatchObject({ heldQuantity: '0.999', boughtQuote: '100' });
    expect(real.orders[0]).toMatchObject({ state: 'filled', filledQuantity: '1' });
    expect(real.state).toBe(PositionState.Live);
  });
});

it('reduces until a person agrees when a reset exchange has left positions behind', async () => {
  const bench = await opened();
  bench.store.orders.open(grantOf());
  bench.exchange.session = 's2';
  await reconcile(bench);
  expect(await bench.store.account(ACCOUNT)).toMatchObject({ mode: TradingMode.Reducing, session: 's2' });
  await reconcile(bench);
  expect(await modeOf(bench)).toBe(TradingMode.Reducing);
});

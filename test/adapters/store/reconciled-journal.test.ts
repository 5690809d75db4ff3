import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { createReconciliationActivities, type ReconcileInput } from '../../../activities/reconciliation';
import type { ActivityDeps } from '../../../activities/deps';
import { directStop } from '../../../adapters/exchange/direct-stop/direct-stop';
import type { ExchangePort } from '../../../adapters/exchange/port';
import { migrate } from '../../../adapters/store/migrate';
import { createPool } from '../../../adapters/store/pool';
import type { Journal, OrderStore } from '../../../adapters/store/port';
import { createStore } from '../../../adapters/store/store';
import { Timeframe } from '../../../domain/bar';
import { add, decimal, subtract, sum, type DecimalString } from '../../../domain/decimal';
import { FindingKind, isUnexplained, StrayPolicy } from '../../../domain/findings';
import { positionId as positionIdOf } from '../../../domain/ids';
import { Leg, OrderType } from '../../../domain/order';
import { ExitReason, type PositionView } from '../../../domain/position';
import { riskLimitsSchema, TradingMode } from '../../../domain/risk';
import { startEmulator, type RunningEmulator } from '../../../emulator/main';
import { openExchange } from '../exchange/scripted-exchange';
import { CALM_PRICE, SESSION_START_MS, stillMarket } from '../exchange/still-market';
import { createDatabase, serverUrl } from './support';
import { ACCOUNT, createDeps, DEPLOYMENT, noOwners, TIMING } from '../../activities/bench';

const SYMBOL = 'BTC/USDT';
const BAR_MS = Math.floor(SESSION_START_MS / 60_000) * 60_000;

/** The activities over the emulator and PostgreSQL: what the exchange really tells, and what the journal really keeps. */
describe('a reconciliation of the emulator and PostgreSQL', () => {
  let folder: string;
  let emulator: RunningEmulator;
  let exchange: ExchangePort;
  let database: Awaited<ReturnType<typeof createDatabase>>;
  let journal: { readonly store: OrderStore & Journal; readonly close: () => Promise<void> };
  let session: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ballast-reconcile-'));
    const owner = { name: ACCOUNT, apiKey: 'emulator-key', secret: 'emulator-secret' };
    emulator = await startEmulator({
      ...{ port: 0, source: stillMarket, speed: 60, paused: true, journalDir: folder },
      accounts: [{ ...owner, balances: { USDT: '100000' } }],
    });
    exchange = await openExchange(
      { restUrl: emulator.url, wsUrl: emulator.wsUrl },
      { clock: 'emulator', apiKey: emulator.apiKey, secret: emulator.secret },
    );
    database = await createDatabase();
    await migrate(database.url, () => undefined);
    journal = open(database.url);
    await reconcile();
    ({ session } = await exchange.clock());
  });
  afterEach(async () => {
    await journal.close();
    await database.drop();
    await exchange.close();
    await emulator.close();
    await rm(folder, { recursive: true });
  });

  function open(url: string): typeof journal {
    const pool = createPool({ url, applicationName: 'test', onConnectionError: () => undefined });
    return { store: createStore(pool), close: () => pool.end() };
  }

  const deps = (): ActivityDeps =>
    createDeps({ exchange, store: journal.store, timing: TIMING, wallTimeMs: Date.now, owners: noOwners });
  const reconcile = (input: Partial<ReconcileInput> = {}) =>
    createReconciliationActivities(deps()).reconcileAccount({
      account: ACCOUNT,
      symbols: [SYMBOL],
      ...input,
    });

  const idOf = (strategy: string): string =>
    positionIdOf({ account: ACCOUNT, session, strategy, symbol: SYMBOL, barCloseMs: BAR_MS });

  async function grant(strategy: string): Promise<string> {
    const [instrument] = await exchange.instruments([SYMBOL]);
    if (instrument === undefined) throw new Error('the emulator lists nothing');
    const { marketTimeMs } = await exchange.clock();
    const result = await journal.store.grant({
      ...{ deployment: DEPLOYMENT, positionId: idOf(strategy), account: ACCOUNT, session, strategy },
      ...{ timeframe: Timeframe.M1, barCloseMs: BAR_MS, limits: riskLimitsSchema.parse({}), instrument },
      proposal: {
        ...{ symbol: SYMBOL, referencePrice: price(CALM_PRICE + 2), stopPrice: price(CALM_PRICE - 1_800) },
        ...{ targetPrice: price(CALM_PRICE + 9_000), trailDistance: null },
      },
      ...{ freeQuote: decimal('50000'), equity: decimal('100000') },
      ...{ marketTimeMs: Math.floor(marketTimeMs), expiresAtMs: BAR_MS + 3_600_000 },
    });
    if (!result.granted) throw new Error(result.message);
    return idOf(strategy);
  }

  const price = (value: number): DecimalString => decimal(String(value));

  /** Sends an order of a position, as its owner would. */
  const send = (positionId: string, leg: Leg, sequence = 0, stop: DecimalString | null = null) =>
    deps().desk.submit({
      ...{ deployment: DEPLOYMENT, positionId, leg, sequence, stopPrice: stop },
      type: leg === Leg.Entry ? OrderType.Limit : leg === Leg.Stop ? OrderType.StopMarket : OrderType.Market,
      replaces: null,
    });

  async function hold(strategy: string): Promise<string> {
    const id = await grant(strategy);
    await send(id, Leg.Entry);
    await send(id, Leg.Stop, 0, (await known(id)).stopPrice);
    return id;
  }

  async function known(id: string): Promise<PositionView> {
    const view = await journal.store.position(id);
    if (view === undefined) throw new Error(`${id} is not in the journal`);
    return view;
  }

  async function balance(asset: string): Promise<DecimalString> {
    const found = (await exchange.balances()).find((each) => each.asset === asset);
    return found === undefined ? decimal('0') : add(found.free, found.locked);
  }

  /** Keeps a copy of the journal, and goes on. */
  async function copyJournal(): Promise<{ readonly restore: () => Promise<void> }> {
    const copy = await createDatabase();
    const [name, source] = [copy.url, database.url].map((url) => new URL(url).pathname.slice(1));
    await journal.close();
    await onServer(`DROP DATABASE ${name ?? ''}`);
    await onServer(`CREATE DATABASE ${name ?? ''} TEMPLATE ${source ?? ''}`);
    journal = open(database.url);
    return {
      restore: async () => {
        await journal.close();
        await database.drop();
        database = copy;
        journal = open(database.url);
      },
    };
  }

  async function onServer(sql: string): Promise<void> {
    const client = new Client({ connectionString: serverUrl() });
    await client.connect();
    await client.query(sql);
    await client.end();
  }

  it('gives the sales of a direct stop to their positions, and money agrees to the last unit', async () => {
    const ids = [await hold('one'), await hold('two')];
    const { flat } = await directStop({
      ...{ exchange, account: ACCOUNT, deployment: DEPLOYMENT, symbols: [SYMBOL] },
      ...{
        sendWindowMs: 500,
        recvWindowMs: 200,
        visibilityLagMs: 200,
        report: () => undefined,
        pauseMs: 1,
      },
    });
    expect(flat).toBe(true);
    const { findings, mode } = await reconcile();
    expect(findings.map(({ kind }) => kind)).toContain(FindingKind.DirectStop);
    expect(mode).toBe(TradingMode.Reducing);
    const views = await Promise.all(ids.map(known));
    for (const { exitReason, orders } of views) {
      expect(exitReason).toBe(ExitReason.Emergency);
      expect(orders.find(({ leg }) => leg === Leg.Emergency)).toMatchObject({ state: 'filled' });
    }
    const moved = views.map(({ ledger }) =>
      subtract(subtract(ledger.soldQuote, ledger.boughtQuote), ledger.quoteFees),
    );
    expect(await balance('USDT')).toBe(add(decimal('100000'), sum(moved)));
    expect(await balance('BTC')).toBe(sum(views.map(({ ledger }) => ledger.heldQuantity)));
    // Once more, nothing new is found, and nothing counted twice.
    expect((await reconcile()).done).toEqual([]);
    expect(await Promise.all(ids.map(known))).toEqual(views);
  });

  it('brings a restored journal to where the lost one was', async () => {
    const trailed = await hold('trailed');
    const granted = await grant('granted');
    const { restore } = await copyJournal();
    await send(granted, Leg.Entry);
    await send(granted, Leg.Stop, 0, (await known(granted)).stopPrice);
    await journal.store.wishStop(trailed, price(CALM_PRICE - 900));
    await deps().desk.cancel(
      (await known(trailed)).orders.find(({ leg }) => leg === Leg.Stop)?.clientOrderId ?? '',
    );
    await send(trailed, Leg.Stop, 1, price(CALM_PRICE - 900));
    await deps().desk.cancel((await known(trailed)).orders.at(-1)?.clientOrderId ?? '');
    await send(trailed, Leg.Exit);
    const facts = async () =>
      (await Promise.all([trailed, granted].map(known))).map(({ ledger, orders, stopPrice, openedAtMs }) => ({
        ...{ ledger, stopPrice, openedAtMs },
        orders: orders.map(({ clientOrderId, state, type, quantity, filledQuantity, filledQuote }) => ({
          ...{ clientOrderId, state, type, quantity, filledQuantity, filledQuote },
        })),
      }));
    const lost = await facts();
    await restore();
    expect(await facts()).not.toEqual(lost);
    const { findings, mode } = await reconcile();
    expect(findings.filter(isUnexplained)).toEqual([]);
    expect(mode).toBe(TradingMode.Active);
    expect(await facts()).toEqual(lost);
  });

  it('takes back a position that the restored journal never knew', async () => {
    const { restore } = await copyJournal();
    const id = await hold('one');
    const before = await known(id);
    await restore();
    expect((await reconcile()).findings.filter(isUnexplained)).toHaveLength(2);
    const strategies = [{ name: 'one', timeframe: Timeframe.M1 }];
    const { findings, mode } = await reconcile({ strays: StrayPolicy.Adopt, strategies });
    expect({ findings, mode }).toEqual({ findings: [], mode: TradingMode.Active });
    const { ledger, stopPrice } = await known(id);
    expect({ ledger, stopPrice }).toEqual({ ledger: before.ledger, stopPrice: before.stopPrice });
    expect((await send(id, Leg.Entry)).order.state).toBe('filled');
    expect((await exchange.ordersSince(SYMBOL, 0)).filter(({ side }) => side === 'buy')).toHaveLength(1);
  });
});

import type { CandleKey } from '../../../adapters/store/port';
import type { Bar } from '../../../domain/bar';
import { decimal } from '../../../domain/decimal';
import { markEquity } from '../../../domain/equity';
import { TradingMode } from '../../../domain/risk';
import { createViews } from '../../../adapters/store/views';
import { ACCOUNT, createBench, grantRequest, mustGrant, NOW_MS, SESSION, type Bench } from './support';

let bench: Bench;
beforeAll(async () => {
  bench = await createBench();
});
beforeEach(() => bench.reset());
afterAll(() => bench.close());

const KEY: CandleKey = { venue: 'binance', session: SESSION, symbol: 'BTC/USDT', timeframe: '1m' };
const MINUTE_MS = 60_000;
const START_MS = 1_750_000_020_000 - (1_750_000_020_000 % MINUTE_MS);

const bar = (index: number, close = 100 + index): Bar => ({
  openTimeMs: START_MS + index * MINUTE_MS,
  open: 100,
  high: Math.max(100, close) + 0.1,
  low: 99.5,
  close,
  volume: 1.25,
});

describe('candles', () => {
  const saved = Array.from({ length: 10 }, (_, index) => bar(index));

  it('come back oldest first, and only those that had closed', async () => {
    await bench.store.saveCandles(KEY, saved.toReversed());
    const untilMs = START_MS + 6 * MINUTE_MS;
    expect(await bench.store.candles(KEY, untilMs, 3)).toEqual(saved.slice(3, 6));
    expect(await bench.store.candles(KEY, untilMs - 1, 3)).toEqual(saved.slice(2, 5));
    expect(await bench.store.candles({ ...KEY, session: 'other' }, untilMs, 3)).toEqual([]);
  });

  it('are corrected when saved again, also twice in one batch', async () => {
    await bench.store.saveCandles(KEY, saved);
    await bench.store.saveCandles(KEY, saved);
    await bench.store.saveCandles(KEY, [bar(9, 111), bar(9, 112)]);
    await bench.store.saveCandles(KEY, []);
    const all = await bench.store.candles(KEY, START_MS + 10 * MINUTE_MS, 100);
    expect(all).toEqual([...saved.slice(0, 9), bar(9, 112)]);
  });

  it('that contradict themselves are refused', async () => {
    await expect(bench.store.saveCandles(KEY, [{ ...bar(0), low: 101 }])).rejects.toThrow('check constraint');
  });
});

describe('modes', () => {
  it('open ACTIVE once; opening again changes nothing', async () => {
    const opened = await bench.store.openAccount('second', 's1');
    expect(opened).toEqual({
      account: 'second',
      session: 's1',
      mode: 'ACTIVE',
      modeReason: '',
      haltEpoch: 0,
      equity: null,
      foreignHoldings: {},
      measuredSince: { wallTimeMs: 0, marketTimeMs: 0 },
    });
    expect(await bench.store.openAccount('second', 's1')).toEqual(opened);
    expect(await bench.store.account('nobody')).toBeUndefined();
  });

  it('measure losses afresh when an operator resumes after a drawdown', async () => {
    const start = markEquity(null, decimal('10000'), NOW_MS);
    await bench.store.recordEquity(ACCOUNT, SESSION, start, NOW_MS);
    await bench.store.recordEquity(
      ACCOUNT,
      SESSION,
      markEquity(start, decimal('8000'), NOW_MS + 1),
      NOW_MS + 1,
    );
    const epoch = await bench.store.raiseHalt(ACCOUNT, { key: 'k', reason: 'drawdown', by: 'risk-desk' });
    const measureAfresh = { wallTimeMs: 7_000, marketTimeMs: null };
    const change = { reason: 'looked at it', by: 'operator', epoch, measureAfresh };
    await bench.store.setMode(ACCOUNT, TradingMode.Active, change);
    const { equity, measuredSince } = (await bench.store.account(ACCOUNT)) ?? {};
    // Without a market time that of the latest mark counts.
    expect(measuredSince).toEqual({ wallTimeMs: 7_000, marketTimeMs: NOW_MS + 1 });
    expect(equity).toMatchObject({ equity: '8000', equityAtDayStart: '8000', peakEquity: '8000' });
    // And the next mark does not bring the old peak back.
    const next = markEquity(equity ?? null, decimal('7990'), NOW_MS + 2);
    await bench.store.recordEquity(ACCOUNT, SESSION, next, NOW_MS + 2);
    expect((await bench.store.account(ACCOUNT))?.equity?.peakEquity).toBe('8000');
  });

  it('remember foreign holdings until another session begins', async () => {
    await bench.store.recordForeignHoldings(ACCOUNT, { BTC: decimal('3') });
    expect((await bench.store.account(ACCOUNT))?.foreignHoldings).toEqual({ BTC: '3' });
    expect((await bench.store.openAccount(ACCOUNT, 's2')).foreignHoldings).toEqual({});
  });

  it('keep a halt through a new session, which starts equity anew', async () => {
    const state = markEquity(null, decimal('1000'), NOW_MS);
    await bench.store.recordEquity(ACCOUNT, SESSION, state, NOW_MS);
    await bench.store.raiseHalt(ACCOUNT, { key: 'k', reason: 'stop everything', by: 'operator' });
    expect(await bench.store.openAccount(ACCOUNT, 's2')).toMatchObject({
      session: 's2',
      mode: 'HALTED',
      haltEpoch: 1,
      equity: null,
    });
  });

  it('are left from HALTED only with the current epoch', async () => {
    const by = 'operator';
    const raise = (key: string, reason: string) => bench.store.raiseHalt(ACCOUNT, { key, reason, by });
    expect(await raise('one', 'first')).toBe(1);
    await bench.store.setMode(ACCOUNT, TradingMode.Active, { reason: 'checked', by, epoch: 1 });
    expect(await raise('two', 'second')).toBe(2);
    // HALTED already: nothing is raised, and the reason stays.
    expect(await raise('three', 'third')).toBe(2);
    expect(await bench.store.account(ACCOUNT)).toMatchObject({
      mode: 'HALTED',
      modeReason: 'second',
      haltEpoch: 2,
    });
    const resume = (given?: number) =>
      bench.store.setMode(ACCOUNT, TradingMode.Active, {
        reason: 'checked',
        by,
        ...(given !== undefined && { epoch: given }),
      });
    await expect(resume()).rejects.toMatchObject({ code: 'stale-epoch' });
    await expect(resume(1)).rejects.toMatchObject({ code: 'stale-epoch' });
    expect(await resume(2)).toMatchObject({ mode: 'ACTIVE', haltEpoch: 2 });
    expect(await resume(2)).toMatchObject({ mode: 'ACTIVE', haltEpoch: 2 });
    // A late repetition of an old halt does not stop trading again.
    expect(await raise('one', 'first')).toBe(1);
    expect(await bench.store.account(ACCOUNT)).toMatchObject({ mode: 'ACTIVE', haltEpoch: 2 });
    const changes = await createViews(bench.pool).modeChanges({ account: ACCOUNT });
    expect(changes.map(({ toMode, haltEpoch }) => [toMode, haltEpoch])).toEqual([
      ['ACTIVE', 2],
      ['HALTED', 2],
      ['ACTIVE', 1],
      ['HALTED', 1],
    ]);
  });

  it('change once by a key, whatever has happened since', async () => {
    const by = 'operator';
    const resume = (epoch: number) =>
      bench.store.setMode(ACCOUNT, TradingMode.Active, { reason: 'checked', by, epoch, key: 'resume/1' });
    await bench.store.raiseHalt(ACCOUNT, { key: 'one', reason: 'first', by });
    expect(await resume(1)).toMatchObject({ mode: 'ACTIVE' });
    await bench.store.raiseHalt(ACCOUNT, { key: 'two', reason: 'second', by });
    expect(await resume(2)).toMatchObject({ mode: 'HALTED', haltEpoch: 2, modeReason: 'second' });
    expect(await bench.store.account(ACCOUNT)).toMatchObject({ mode: 'HALTED' });
  });

  it('keep no key of a change that was refused', async () => {
    const change = { reason: 'checked', by: 'operator', key: 'resume/1' };
    await bench.store.raiseHalt(ACCOUNT, { key: 'one', reason: 'first', by: 'operator' });
    await expect(bench.store.setMode(ACCOUNT, TradingMode.Active, change)).rejects.toMatchObject({
      code: 'stale-epoch',
    });
    const again = await bench.store.setMode(ACCOUNT, TradingMode.Active, { ...change, epoch: 1 });
    expect(again).toMatchObject({ mode: 'ACTIVE' });
  });

  it('cannot be HALTED without a halt, nor changed for an unknown account', async () => {
    const change = { reason: 'r', by: 'b' };
    await expect(bench.store.setMode(ACCOUNT, TradingMode.Halted, change)).rejects.toMatchObject({
      code: 'misuse',
    });
    await expect(bench.store.setMode('nobody', TradingMode.Active, change)).rejects.toMatchObject({
      code: 'unknown-account',
    });
    await expect(bench.store.raiseHalt('nobody', { key: 'k', ...change })).rejects.toMatchObject({
      code: 'unknown-account',
    });
  });
});

describe('equity', () => {
  it('keeps the newest mark and the highest peak, whatever order the marks arrive in', async () => {
    const first = markEquity(null, decimal('1000'), NOW_MS);
    const peak = markEquity(first, decimal('1200'), NOW_MS + 1);
    const last = markEquity(first, decimal('1100'), NOW_MS + 2);
    for (const [state, at] of [
      [last, 2],
      [peak, 1],
      [first, 0],
    ] as const) {
      await bench.store.recordEquity(ACCOUNT, SESSION, state, NOW_MS + at);
    }
    expect((await bench.store.account(ACCOUNT))?.equity).toMatchObject({
      equity: '1100',
      peakEquity: '1200',
    });
    const curve = await createViews(bench.pool).equityCurve({ account: ACCOUNT });
    expect(curve.map((point) => point.equity)).toEqual(['1000', '1200', '1100']);
  });

  it("of a session that is over is kept, but is not the account's mark", async () => {
    await bench.store.recordEquity(ACCOUNT, 's0', markEquity(null, decimal('5'), NOW_MS), NOW_MS);
    expect((await bench.store.account(ACCOUNT))?.equity).toBeNull();
    const views = createViews(bench.pool);
    expect(await views.equityCurve({ account: ACCOUNT })).toEqual([]);
    expect(await views.equityCurve({ account: ACCOUNT, session: 's0' })).toHaveLength(1);
  });
});

describe('records', () => {
  it('of a decision are once per bar', async () => {
    const decision = {
      account: ACCOUNT,
      session: SESSION,
      strategy: 'rsi',
      symbol: 'BTC/USDT',
      barCloseMs: NOW_MS,
      outcome: 'hold' as const,
      reasons: [{ code: 'rsi-neutral', text: 'RSI 51 is neutral.', values: { rsi: 51 } }],
      close: decimal('100.10'),
      positionId: null,
      strategyVersion: 'aaaaaaaaaaaa',
    };
    await bench.store.recordDecision({ ...decision, outcome: 'skipped', reasons: [] });
    await bench.store.recordDecision(decision);
    const listed = await createViews(bench.pool).decisions({ account: ACCOUNT });
    const { recordedAt = '', decisionId = '' } = listed[0] ?? {};
    expect(listed.map((each) => ({ ...each, account: ACCOUNT }))).toEqual([
      { ...decision, close: '100.1', recordedAt, decisionId },
    ]);
    expect(decisionId).toMatch(/^[0-9a-f]{12}$/);
    expect(Date.parse(recordedAt)).not.toBeNaN();
  });

  it('of a decision keep what it went by and where it ran, whoever says afterwards what became of it', async () => {
    const key = {
      account: ACCOUNT,
      session: SESSION,
      strategy: 'rsi',
      symbol: 'BTC/USDT',
      barCloseMs: NOW_MS,
    };
    const inputs = {
      ...{ venue: 'binance', timeframe: '1m' as const },
      candles: { ok: true, problem: null, doubts: [] },
    };
    const decision = { ...key, reasons: [], close: null, positionId: null };
    const first = {
      ...decision,
      outcome: 'enter' as const,
      strategyVersion: 'aaaaaaaaaaaa',
      inputs,
      runId: 'r1',
    };
    await bench.store.recordDecision(first);
    await bench.store.recordDecision({ ...decision, outcome: 'refused' });
    expect(await bench.store.decision(key)).toEqual({ ...first, outcome: 'refused' });
    expect(await bench.store.decision({ ...key, symbol: 'ETH/USDT' })).toBeUndefined();
  });

  it('of a risk event are once per key; those of an operator are all kept', async () => {
    const event = { account: ACCOUNT, code: 'drawdown', message: 'm', marketTimeMs: NOW_MS, key: 'd1' };
    await Promise.all(
      [event, event, { ...event, key: 'd2' }].map((each) => bench.store.recordRiskEvent(each)),
    );
    const views = createViews(bench.pool);
    expect(await views.riskEvents({ account: ACCOUNT })).toHaveLength(2);
    expect(await views.riskEvents({ account: ACCOUNT, code: 'other' })).toEqual([]);
    const entry = {
      account: ACCOUNT,
      command: 'pause',
      arguments: { strategy: 'rsi' },
      reason: null,
      by: 'ann',
    };
    await bench.store.audit(entry);
    await bench.store.audit({ ...entry, command: 'resume', reason: 'fine again' });
    const trail = await views.auditTrail({ account: ACCOUNT });
    expect(
      trail.map(({ command, arguments: given, reason, by }) => ({ command, given, reason, by })),
    ).toEqual([
      { command: 'resume', given: { strategy: 'rsi' }, reason: 'fine again', by: 'ann' },
      { command: 'pause', given: { strategy: 'rsi' }, reason: null, by: 'ann' },
    ]);
    await expect(bench.pool.query("UPDATE audit SET by = 'bob'")).rejects.toThrow('never changed or deleted');
  });
});

it('keeps the accounts apart', async () => {
  await bench.store.openAccount('second', SESSION);
  await mustGrant(bench.store);
  expect(await bench.store.livePositions('second')).toEqual([]);
  expect(await bench.store.grant(grantRequest({ account: 'second' }))).toMatchObject({ granted: true });
  expect(await bench.store.unsettledOrders('second')).toHaveLength(2);
});

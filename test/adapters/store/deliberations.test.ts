import { createCallLog } from '../../../adapters/llm/call-log';
import { createDeliberationStore, type DeliberationStore } from '../../../adapters/store/deliberations';
import { decimal, ONE } from '../../../domain/decimal';
import type { PanelBrief } from '../../../domain/deliberation/brief';
import type { PanelVerdict } from '../../../domain/deliberation/verdict';
import { ACCOUNT, BAR_MS, createBench, mustGrant, proposal, SESSION, type Bench } from './support';

const key = {
  ...{ positionId: 'position/p1', account: ACCOUNT, session: SESSION, strategy: 'trend', symbol: 'BTC/USDT' },
  barCloseMs: BAR_MS,
};
const brief: PanelBrief = {
  ...{
    strategy: 'trend',
    symbol: 'BTC/USDT',
    timeframe: '1h',
    barCloseMs: BAR_MS,
    proposal: proposal('BTC/USDT'),
  },
  ...{ reasons: [], bars: [], trend: { prediction: null, timeframes: [] }, mood: null },
  account: { mode: 'ACTIVE', equity: null, drawdownFraction: null, dailyLossFraction: null, positions: [] },
  ...{ headlines: ['A title with a \0 in it'], memories: [] },
};
const said = {
  ...{ role: 'panel', outcome: 'answered', failure: null, model: 'big', requestHash: 'h' },
  ...{ answer: { verdict: 'confirm' }, prompt: 'analyst', promptVersion: 1 },
};
const turn = { positionId: key.positionId, round: 1, seat: 'analyst' } as const;
const reasons = [{ code: 'panel-shrink', text: 'smaller' }];
const shrunk: PanelVerdict = { outcome: 'shrink', sizeFactor: decimal('0.5'), reasons };

describe('deliberations in the journal', () => {
  let bench: Bench;
  let store: DeliberationStore;
  beforeAll(async () => {
    bench = await createBench(2);
    store = createDeliberationStore(bench.pool);
  });
  beforeEach(async () => {
    await bench.pool.query('TRUNCATE deliberations, deliberation_answers, deliberation_calls');
    await bench.reset();
  });
  afterAll(() => bench.close());

  it('keep what was said first, and tell it in order with the calls that it cost', async () => {
    await store.open(key, brief);
    await store.open(key, { ...brief, strategy: 'another' });
    expect(await store.brief(key.positionId)).toMatchObject({
      strategy: 'trend',
      headlines: ['A title with a � in it'],
    });
    expect(await store.said(turn)).toBeUndefined();
    const plan = {
      ...{
        role: 'panel',
        requestHash: 'h',
        prompt: { name: 'analyst', version: 1, hash: 'x' },
        model: 'big',
      },
      ...{
        modelIdentity: 'big',
        seed: 0,
        temperature: 0,
        attempt: 1,
        isRepair: false,
        reserveUsd: decimal('0'),
      },
    };
    const reserved = await createCallLog(bench.pool).reserve(plan, '2026-01', decimal('1'));
    const callId = reserved.reserved ? reserved.callId : '';
    await store.linkCall(turn, callId);
    await store.linkCall(turn, callId);
    expect(await store.say(turn, said)).toMatchObject(said);
    expect(await store.say(turn, { ...said, answer: { verdict: 'oppose' } })).toMatchObject(said);
    const none = { ...said, outcome: 'deadline', answer: null, failure: 'late' };
    await store.say({ ...turn, seat: 'supervisor' }, none);
    expect(await store.statements(key.positionId)).toEqual([
      { seat: 'analyst', round: 1, answer: { verdict: 'confirm' } },
      { seat: 'supervisor', round: 1, answer: null },
    ]);
    await store.conclude(key, shrunk);
    await store.conclude(key, { outcome: 'confirm', sizeFactor: ONE, reasons: [] });
    expect(await store.find(key.positionId)).toMatchObject({
      ...{ ...key, outcome: 'shrink', sizeFactor: '0.5', reasons },
      answers: [
        { seat: 'analyst', callIds: [callId] },
        { seat: 'supervisor', outcome: 'deadline', callIds: [] },
      ],
    });
  });

  it('tell of a veto, and of a panel that was never told what it is about', async () => {
    await store.conclude(key, { outcome: 'veto', sizeFactor: null, reasons });
    expect(await store.find(key.positionId)).toMatchObject({
      brief: null,
      outcome: 'veto',
      sizeFactor: null,
    });
    expect(await store.find('position/other')).toBeUndefined();
  });

  it('make a granted entry smaller, which its approval tells', async () => {
    const whole = await mustGrant(bench.store, { positionId: 'position/whole' });
    await bench.reset();
    const half = await mustGrant(bench.store, { positionId: 'position/half', sizeFactor: decimal('0.5') });
    expect(Number(half.quantity)).toBeLessThanOrEqual(Number(whole.quantity) / 2);
    expect(Number(half.quantity)).toBeGreaterThan(Number(whole.quantity) / 2 - 0.001);
    expect(half.stopPrice).toBe(whole.stopPrice);
    const { rows } = await bench.pool.query(
      'SELECT size_factor::text FROM approvals WHERE position_id = $1',
      [half.positionId],
    );
    expect(rows).toEqual([{ size_factor: '0.5' }]);
    await expect(
      mustGrant(bench.store, {
        positionId: 'position/more',
        proposal: proposal('ETH/USDT'),
        sizeFactor: decimal('1.5'),
      }),
    ).rejects.toThrow(RangeError);
  });
});

import { createAgentJournal, type AgentJournal } from '../../../adapters/store/agent';
import type { AgentStep, AgentTurn } from '../../../domain/agent/record';
import { decimal } from '../../../domain/decimal';
import { Leg, OrderState } from '../../../domain/order';
import { nextStep } from '../../../domain/planner';
import {
  ACCOUNT,
  BAR_MS,
  createBench,
  enter,
  EXPIRES_MS,
  grantRequest,
  mustFind,
  mustGrant,
  NOW_MS,
  orderId,
  sendAndOpen,
  sendRequest,
  SESSION,
  WALL_MS,
  type Bench,
} from './support';

let bench: Bench;
let agent: AgentJournal;
beforeAll(async () => {
  bench = await createBench();
  agent = createAgentJournal(bench.pool);
});
beforeEach(() => bench.reset());
afterAll(() => bench.close());

const KEY = { account: ACCOUNT, session: SESSION, strategy: 'mind', barCloseMs: BAR_MS + 60_000 };
const step = (change: Partial<AgentStep> = {}): AgentStep => ({
  ...{ step: 0, turn: 0, callId: 'c1', tool: 'set_stop_loss', arguments: '{}', symbol: 'BTC/USDT' },
  ...{ outcome: 'done', decided: 'trail', positionId: null, summary: 'raise the stop', result: 'done' },
  ...change,
});
const turn: AgentTurn = {
  ...{
    turn: 0,
    said: 'well\0',
    calls: [{ id: 'c1', name: 'x', arguments: '{"a":"\\u0000"}' }],
    failure: null,
  },
  ...{ model: 'm', requestHash: 'h', inputTokens: 7, outputTokens: 3 },
};
const held = () => enter(bench.store, '10', { strategy: 'mind' });

describe('what the agent does', () => {
  it('is journaled with its wish, once', async () => {
    const { positionId } = await held();
    const raise = (stopPrice: string) =>
      [{ kind: 'stop', positionId, stopPrice: decimal(stopPrice) }] as const;
    const [first, second] = await Promise.all([
      agent.recordStep(KEY, step({ summary: 'one' }), raise('96')),
      agent.recordStep(KEY, step({ summary: 'two' }), raise('97')),
    ]);
    expect(first).toEqual(second);
    const steps = await agent.steps(KEY);
    expect(steps).toEqual([first]);
    expect((await mustFind(bench.store, positionId)).stopPrice).toBe(first.summary === 'one' ? '96' : '97');
  });

  it('cannot lower a stop, whoever asks for it', async () => {
    const { positionId } = await held();
    const lower = { kind: 'stop', positionId, stopPrice: decimal('1') } as const;
    await expect(agent.recordStep(KEY, step(), [lower])).resolves.toMatchObject({
      outcome: 'refused',
      decided: null,
    });
    expect((await mustFind(bench.store, positionId)).stopPrice).toBe('95');
  });

  it.each([
    { kind: 'exit' },
    { kind: 'stop', stopPrice: decimal('99') },
    { kind: 'target', targetPrice: decimal('101') },
    { kind: 'withdraw' },
  ] as const)('touches no position of another strategy: $kind', async (wish) => {
    const { positionId } = await enter(bench.store, '10', { strategy: 'rsi' });
    const before = await mustFind(bench.store, positionId);
    await expect(agent.recordStep(KEY, step(), [{ ...wish, positionId }])).rejects.toThrow('belongs to rsi');
    expect(await mustFind(bench.store, positionId)).toEqual(before);
    expect(await agent.steps(KEY)).toEqual([]);
  });

  it('wishes for an exit that stays', async () => {
    const { positionId } = await held();
    await agent.recordStep(KEY, step(), [{ kind: 'exit', positionId }]);
    expect((await mustFind(bench.store, positionId)).exitReason).toBe('strategy');
  });

  it('moves a target; the approval keeps the first', async () => {
    const { positionId } = await held();
    const target = { kind: 'target', positionId, targetPrice: decimal('130.5') } as const;
    await agent.recordStep(KEY, step(), [target]);
    expect((await mustFind(bench.store, positionId)).targetPrice).toBe('130.5');
    const { rows } = await bench.pool.query('SELECT target_price FROM approvals');
    expect(rows).toEqual([{ target_price: '120' }]);
  });

  it('takes a resting entry back: its owner cancels it, and what it bought keeps its stop', async () => {
    const { positionId } = await mustGrant(bench.store, {
      strategy: 'mind',
      expiresAtMs: EXPIRES_MS + 600_000,
    });
    const granted = await mustFind(bench.store, positionId);
    await sendAndOpen(bench.store, orderId(granted, Leg.Entry));
    const now = { marketTimeMs: KEY.barCloseMs + 1, wallTimeMs: WALL_MS };
    expect(nextStep(await mustFind(bench.store, positionId), 'ACTIVE', now).do).toBe('wait');
    await agent.recordStep(KEY, step(), [{ kind: 'withdraw', positionId }]);
    const after = await mustFind(bench.store, positionId);
    expect(after).toMatchObject({ expiresAtMs: KEY.barCloseMs, exitReason: null, stopPrice: '95' });
    expect(nextStep(after, 'ACTIVE', now)).toMatchObject({ do: 'cancel', order: { leg: 'entry' } });
  });

  it('takes an entry back that was never sent: it is not sent any more', async () => {
    const granted = await mustGrant(bench.store, { strategy: 'mind', expiresAtMs: EXPIRES_MS + 600_000 });
    await agent.recordStep(KEY, step(), [{ kind: 'withdraw', positionId: granted.positionId }]);
    const late = sendRequest(orderId(granted, Leg.Entry), { marketTimeMs: KEY.barCloseMs + 1 });
    const ticket = await bench.store.beginSend(late);
    expect(ticket).toMatchObject({
      kind: 'refused',
      code: 'expired',
      order: { state: OrderState.Abandoned },
    });
  });

  it('is refused when the position has closed meanwhile', async () => {
    const { positionId } = await mustGrant(bench.store, { strategy: 'mind' });
    await bench.pool.query(
      `UPDATE positions SET state = 'closed', exit_reason = 'stop', closed_at_ms = 1, realised_pnl = 0`,
    );
    const done = await agent.recordStep(KEY, step(), [{ kind: 'exit', positionId }]);
    expect(done).toMatchObject({ outcome: 'refused', decided: null });
  });
});

it('keeps the first answer of a turn, whatever bytes are in it', async () => {
  const first = await agent.recordTurn(KEY, turn);
  const second = await agent.recordTurn(KEY, { ...turn, said: 'other', calls: [] });
  expect(second).toEqual(first);
  expect(await agent.turns(KEY)).toEqual([
    { ...turn, said: 'well\uFFFD', calls: [{ id: 'c1', name: 'x', arguments: '{"a":"\\u0000"}' }] },
  ]);
});

it('asks risk what it would say: the same as a grant then says, and nothing is changed by asking', async () => {
  const request = grantRequest({ strategy: 'mind' });
  const preview = await bench.store.preview(request);
  expect(await bench.store.livePositions(ACCOUNT)).toEqual([]);
  const grant = await bench.store.grant(request);
  if (!preview.granted || !grant.granted) throw new Error('refused');
  expect(grant.position).toMatchObject({
    quantity: preview.intent.quantity,
    limitPrice: preview.intent.limitPrice,
  });
  const again = { ...request, positionId: 'another', barCloseMs: BAR_MS + 60_000, marketTimeMs: NOW_MS };
  expect(await bench.store.preview(again)).toMatchObject({ granted: false, code: 'already-in-position' });
});

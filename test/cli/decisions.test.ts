import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAgentJournal } from '../../adapters/store/agent';
import { createDeliberationStore } from '../../adapters/store/deliberations';
import { createTradeMemories } from '../../adapters/store/memories';
import { createNewsStore } from '../../adapters/store/stories';
import { createViews } from '../../adapters/store/views';
import { printPage, wrap } from '../../cli/decision/page';
import { storyOf, type DecisionRun } from '../../cli/decision/story';
import { createPaint } from '../../cli/view/paint';
import { decimal } from '../../domain/decimal';
import { Leg, OrderEvent } from '../../domain/order';
import {
  ACCOUNT,
  BAR_MS,
  createBench,
  enter,
  fillOf,
  grantRequest,
  LIMITS,
  mustFind,
  orderId,
  sendAndOpen,
  SESSION,
  type Bench,
} from '../adapters/store/support';
import { buildBallast, runBallast } from './ballast-process';

const MINUTE_MS = 60_000;
const KEY = { account: ACCOUNT, session: SESSION, strategy: 'rsi', symbol: 'BTC/USDT' };
const WHY = [{ code: 'rsi-oversold', text: 'RSI 28 has crossed above 27', values: { rsi: 28.123456789 } }];
const INPUTS = {
  ...{ venue: 'binance', timeframe: '1m' as const },
  candles: { ok: true, problem: null, doubts: [{ code: 'gap', text: 'a bar was missing' }] },
};

const RUN: DecisionRun = {
  ...{ workflowId: 'cycle/w', runId: 'run-1', url: 'http://localhost:8233/run' },
};
interface Printing {
  readonly raw?: boolean;
  readonly run?: DecisionRun;
}

describe('ballast decisions show', () => {
  let bench: Bench;
  let cwd: string;
  let ids: Readonly<Record<string, string>>;
  const ballast = (...args: readonly string[]) =>
    runBallast(cwd, args, { BALLAST_POSTGRES_URL: bench.url, COLUMNS: '80' });

  /** What is printed of the decision with this outcome, in a terminal of 80 columns. */
  async function printed(outcome: string, { raw = false, run = RUN }: Printing = {}): Promise<string> {
    const origins = (session: string) => [`session ${session}`];
    const record = await createViews(bench.pool).decision(ACCOUNT, ids[outcome] ?? '', origins);
    if (record === undefined) throw new Error(`There is no decision to ${outcome}.`);
    return printPage(storyOf(record, run, raw), 80, createPaint(false));
  }
  const told = async (outcome: string, how: Printing = {}): Promise<string> =>
    (await printed(outcome, how)).replaceAll(/\s+/g, ' ');

  beforeAll(async () => {
    buildBallast();
    bench = await createBench(4);
    await bench.reset();
    cwd = mkdtempSync(join(tmpdir(), 'ballast-cli-'));
    await fill(bench);
    const listed = await createViews(bench.pool).decisions({ account: ACCOUNT });
    ids = Object.fromEntries(listed.map(({ outcome, decisionId }) => [outcome, decisionId]));
  });
  afterAll(async () => {
    rmSync(cwd, { recursive: true, force: true });
    await bench.close();
  });

  it('takes what the list names, and says of an unknown id which are like it', () => {
    const { stdout } = ballast('decisions');
    for (const id of Object.values(ids)) expect(stdout).toContain(id.slice(0, 8));
    const known = (ids.enter ?? '').slice(0, 8);
    const shown = ballast('decisions', 'show', known, '--json', '--raw');
    expect(shown.status).toBe(0);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      ...{ decisionId: ids.enter, decision: { outcome: 'enter', reasons: WHY } },
      calls: [{ callId: '1', rawAnswer: '{"lesson":"Wait for the retest."}' }, { callId: '2' }],
      temporal: { workflowId: `cycle/main/s1/rsi/${BAR_MS}`, runId: 'run-1', url: null },
    });
    const wrong = `${known.slice(0, 7)}${known.endsWith('0') ? '1' : '0'}`;
    const { status, stderr } = ballast('decisions', 'show', wrong);
    expect(status).toBe(2);
    expect(stderr).toContain(`There is no decision "${wrong}".`);
    expect(stderr).toMatch(new RegExp(`Did you mean ${known} \\(enter, rsi on BTC/USDT`));
  });

  it.each([
    ['enter', 'was allowed: It did: buy BTC/USDT.'],
    ['refused', 'not allowed. Refused: its data is doubtful.'],
    ['hold', 'Nothing was to be done: It said: the trend is unclear.'],
  ] as const)('says in short what an agent did, not that it was asked: %s', async (outcome, gist) => {
    const record = await createViews(bench.pool).decision(ACCOUNT, ids.enter ?? '', () => []);
    if (record === undefined) throw new Error('There is no decision.');
    const reasons = [
      { code: 'agent-asked', text: 'The agent was asked (m): 2 turns, 3 tools' },
      { code: 'agent-done', text: 'It did: buy BTC/USDT' },
      { code: 'agent-refused', text: 'Refused: its data is doubtful' },
      { code: 'agent-said', text: 'It said: the trend is unclear' },
      { code: 'agent-ended-done', text: 'It had nothing more to do' },
    ];
    const [heading] = storyOf({ ...record, decision: { ...record.decision, outcome, reasons } }, RUN, false);
    expect(heading?.lines[0]?.text).toContain(gist);
  });

  it('tells of an entry: inputs, every check of risk, what came of it, and where it ran', async () => {
    const page = await printed('enter');
    const text = page.replaceAll(/\s+/g, ' ');
    expect(text).toMatch(/rsi on BTC\/USDT, the 1m bar that closed/);
    expect(text).toMatch(/candles ✓ fit to be decided on: open 100, high 101, low 99, close 100/);
    expect(text).toContain('✗ doubtful: a bar was missing');
    expect(text).toContain('RSI 28 has crossed above 27 (rsi 28.123457)');
    expect(text).toMatch(
      /mood · bullish \(\+0\.50\), 2s old, .* 25 % of the sources' weight missing; of 3 stories judged by vader/,
    );
    expect(text).toMatch(
      /PANEL made the entry smaller: 0\.5 of its size trend – not known Analyst ✗ shrink to 0\.5, confidence 0\.60: Late in the move\. \(round 1, big, call #2\) Supervisor – no answer \(deadline\): The time is over\./,
    );
    expect(text).toMatch(/#2 analyst ✗ big, prompt analyst v1, its end was never recorded/);
    expect(text).toMatch(
      /AGENT .* turn 1 · I look first\. \(big\) get_balance · told: 100 USDT are free turn 2 – The time is over\./,
    );
    expect(text).toMatch(/RISK granted 10 BTC, to be bought at 100\.00 at most/);
    expect(text).toMatch(/drawdown ✓ 0\.00 % below the peak, less than 15\.00 %/);
    expect(text).toMatch(/ended by stop at .*: -20\.00 USDT/);
    expect(text).toMatch(/in memory -1\.9\d times its risk/);
    expect(text).toMatch(
      /lesson · Wait for the retest\. \(entry: doubtful; big, prompt trade-reflection v1, call #1\)/,
    );
    expect(text).toMatch(
      /#1 reflection ✓ big, prompt trade-reflection v1, answered after 812 ms, 1000 \+ 50 tokens, \$0\.0025/,
    );
    expect(text).toContain('workflow cycle/w run run-1 web ui http://localhost:8233/run');
    expect(page.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(page).not.toContain('"lesson"');
    expect(await printed('enter', { raw: true })).toContain('{"lesson":"Wait for the retest."}');
  });

  it('tells of an exit why the position had been opened', async () => {
    const text = await told('exit');
    expect(text).toContain('The position was to be closed: The strategy asks to leave.');
    expect(text).toMatch(
      /THE POSITION was entered on the bar of .* \(decision [0-9a-f]{12}\) rsi-oversold · RSI 28 has crossed/,
    );
    expect(text).toContain(ids.enter);
  });

  it('tells of a refusal which check failed, and which were not reached', async () => {
    const text = await told('refused');
    expect(text).toMatch(/RISK refused \(reward-to-risk\)/);
    expect(text).toMatch(/stop ✓ passed reward to risk ✗ Reward-to-risk is .* size – not reached/);
  });

  it('tells of a refusal to a lane, which no answer about the bar is kept of', async () => {
    const barCloseMs = BAR_MS + 3 * MINUTE_MS;
    const lane = { account: ACCOUNT, strategy: 'rsi', entriesPaused: true, reason: 'an operator' };
    const generation = await bench.store.openLane(lane);
    const refused = await bench.store.grant(grantRequest({ barCloseMs, lane: { generation } }));
    if (refused.granted) throw new Error('It was granted.');
    const reasons = [...WHY, { code: refused.code, text: `Refused: ${refused.message}` }];
    await bench.store.recordDecision({
      ...{ ...KEY, barCloseMs, outcome: 'refused', reasons, close: null, positionId: null },
    });
    const listed = await createViews(bench.pool).decisions({ account: ACCOUNT });
    const { decisionId = '' } = listed.find((one) => one.barCloseMs === barCloseMs) ?? {};
    const record = await createViews(bench.pool).decision(ACCOUNT, decisionId, () => []);
    if (record === undefined) throw new Error('There is no decision.');
    const page = printPage(storyOf(record, RUN, false), 80, createPaint(false)).replaceAll(/\s+/g, ' ');
    expect(page).toMatch(
      /RISK refused \(paused\) lane ✗ Refused: Entries of rsi are paused \(an operator\)\. session – not reached/,
    );
  });

  it('says of an old decision what was not recorded', async () => {
    const text = await told('hold', { run: { ...RUN, runId: null } });
    expect(text).toContain('whether they were doubtful is not recorded');
    expect(text).toContain('what it was set to is not recorded');
    expect(text).toContain('mood – none: nobody had an opinion that was known by then');
    expect(text).toContain('run not recorded');
    expect(text).not.toContain('RISK');
  });
});

/** An entry that was stopped out and reflected on, an exit of it, a refusal, and a row from before anything else was recorded. */
async function fill({ store, pool }: Bench): Promise<void> {
  const record = (minute: number, rest: object) =>
    store.recordDecision({
      ...{ ...KEY, barCloseMs: BAR_MS + minute * MINUTE_MS, close: decimal('100'), positionId: null },
      ...{ outcome: 'hold', reasons: WHY, ...rest },
    });
  const settings = {
    strategyId: 'rsi',
    strategyVersion: null,
    parameters: { period: 14 },
    timeframe: '1m' as const,
  };
  await store.recordSettings({ ...KEY, barCloseMs: BAR_MS, settings: { ...settings, maxHoldingBars: null } });
  const bar = { openTimeMs: BAR_MS - MINUTE_MS, open: 100, high: 101, low: 99, close: 100, volume: 1 };
  await store.saveCandles({ venue: 'binance', session: SESSION, symbol: 'BTC/USDT', timeframe: '1m' }, [bar]);
  const mood = { asset: 'BTC', score: 0.5, timeMs: BAR_MS - 2_000, knownMs: BAR_MS - 1_000, scorer: 'vader' };
  const parts = { breaking: false, stories: 3, missing: 0.25, silent: 0, trend: null };
  await createNewsStore(pool).addMoods(`session ${SESSION}`, [{ ...mood, ...parts }]);

  const { positionId } = await enter(store, '2');
  await record(0, { outcome: 'enter', positionId, inputs: INPUTS, runId: 'run-1' });
  const stop = await sendAndOpen(store, orderId(await mustFind(store, positionId), Leg.Stop));
  await store.recordFills(ACCOUNT, [fillOf(stop, 'out', '2', { price: decimal('90') })], 'look-up');
  await store.recordEvent({ clientOrderId: stop.clientOrderId, event: OrderEvent.SeenFilled });
  await store.closePosition(positionId, 'stop', BAR_MS + MINUTE_MS);
  await record(1, {
    ...{ outcome: 'exit', positionId },
    reasons: [{ code: 'exit-strategy', text: 'The strategy asks to leave' }],
  });

  const greedy = { ...LIMITS, minRewardToRisk: 100 };
  const refused = await store.grant(grantRequest({ barCloseMs: BAR_MS + 2 * MINUTE_MS, limits: greedy }));
  if (refused.granted) throw new Error('It was granted.');
  const refusal = { code: refused.code, text: `Refused: ${refused.message}` };
  await record(2, { outcome: 'refused', reasons: [...WHY, refusal] });

  await pool.query(`INSERT INTO model_budgets (month) VALUES ('2026-01')`);
  await pool.query(
    `INSERT INTO model_calls (month, role, request_hash, prompt, prompt_version, prompt_hash, model, model_identity, seed,
       temperature, attempt, is_repair, reserved_usd, outcome, cost_usd, input_tokens, output_tokens, latency_ms, raw_answer)
     VALUES ('2026-01', 'reflection', 'h', 'trade-reflection', 1, 'x', 'big', 'openai:big', 0, 0, 1, false, 0, 'answered', 0.0025,
       1000, 50, 812, '{"lesson":"Wait for the retest."}')`,
  );
  const memories = createTradeMemories(pool);
  await memories.remember(positionId, { venue: 'binance', origins: [], trend: null });
  await memories.saveReflection(
    { positionId, outcomeAtMs: BAR_MS + MINUTE_MS },
    {
      ...{
        lesson: 'Wait for the retest.',
        judgement: 'doubtful',
        model: 'big',
        requestHash: 'h',
        callIds: ['1'],
      },
      prompt: { name: 'trade-reflection', version: 1 },
    },
    BAR_MS + MINUTE_MS,
  );
  await deliberate(pool, positionId);
  await askAgent(pool);
  await pool.query(
    `INSERT INTO decisions (account, session, strategy, symbol, bar_close_ms, outcome, reasons)
     VALUES ($1, $2, 'old', 'ETH/USDT', $3, 'hold', '[]')`,
    [ACCOUNT, SESSION, BAR_MS - 100 * MINUTE_MS],
  );
}

/** A panel of which one seat has answered, and the process died in the middle of its call. */
async function deliberate(pool: Bench['pool'], positionId: string): Promise<void> {
  const panel = createDeliberationStore(pool);
  const verdict = { outcome: 'shrink' as const, sizeFactor: decimal('0.5'), reasons: [] };
  await panel.conclude({ ...KEY, positionId, barCloseMs: BAR_MS }, verdict);
  const answer = { verdict: 'shrink', sizeFactor: 0.5, confidence: 0.6, reasons: ['Late in the move.'] };
  const common = { model: 'big', requestHash: 'g', promptVersion: 1 };
  const analyst = { positionId, round: 1, seat: 'analyst' as const };
  await panel.say(analyst, {
    ...{ ...common, role: 'analyst', prompt: 'analyst', outcome: 'answered', failure: null },
    answer: { ...answer, outlook: 'unclear' },
  });
  await panel.say(
    { ...analyst, seat: 'supervisor' },
    {
      ...{ ...common, role: 'supervisor', prompt: 'supervisor', outcome: 'deadline', answer: null },
      failure: 'The time is over.',
    },
  );
  await pool.query(
    `INSERT INTO model_calls (month, role, request_hash, prompt, prompt_version, prompt_hash, model, model_identity, seed,
       temperature, attempt, is_repair, reserved_usd) VALUES ('2026-01', 'analyst', 'g', 'analyst', 1, 'x', 'big', 'openai:big', 0, 0, 1,
       false, 0)`,
  );
  await panel.linkCall(analyst, '2');
}

/** An agent that looked at something, and was not heard of again. */
async function askAgent(pool: Bench['pool']): Promise<void> {
  const agent = createAgentJournal(pool);
  const key = { account: ACCOUNT, session: SESSION, strategy: 'rsi', barCloseMs: BAR_MS };
  const turn = { calls: [], model: 'big', requestHash: 'k', inputTokens: 1, outputTokens: 1, failure: null };
  await agent.recordTurn(key, { ...turn, turn: 0, said: 'I look first.' });
  const step = { step: 0, turn: 0, callId: 'c', tool: 'get_balance', arguments: '{}', symbol: null };
  const outcome = { outcome: 'told' as const, decided: null, positionId: null, result: '{}' };
  await agent.recordStep(key, { ...step, ...outcome, summary: '100 USDT are free' }, []);
  const none = { model: null, requestHash: null, failure: 'The time is over.' };
  await agent.recordTurn(key, { ...turn, ...none, turn: 1, said: '' });
}

describe('a page', () => {
  const plain = createPaint(false);

  it('wraps at spaces and leaves long words whole', () => {
    expect(wrap('a bb ccc', 4)).toEqual(['a bb', 'ccc']);
    expect(wrap('see http://localhost/very/long', 10)).toEqual(['see', 'http://localhost/very/long']);
    expect(wrap('', 10)).toEqual(['']);
  });

  it.each([60, 80, 120, 300])('of %d characters has no longer line', (width) => {
    const text = 'some words that go on '.repeat(30);
    const lines = [
      { label: 'short', text, mark: '✓' as const },
      { label: 'a label that is rather long', text },
    ];
    const page = printPage([{ title: 'Title', gist: text, lines }], width, plain);
    expect(Math.max(...page.split('\n').map((line) => line.length))).toBeLessThanOrEqual(
      Math.min(width, 120),
    );
    expect(page.replaceAll(/\s+/g, ' ').split('some words that go on').length - 1).toBe(90);
  });
});

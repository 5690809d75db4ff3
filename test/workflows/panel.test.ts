import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { ConcludePanelInput } from '../../activities/panel-verdict';
import type { SizePositionInput } from '../../activities/grant-entry';
import type { SpeakInput, Spoken } from '../../activities/intelligence/panel';
import { agentParametersSchema } from '../../domain/agent/strategy';
import { AGENT_ID, ToolName } from '../../domain/agent/tool-names';
import { Seat } from '../../domain/deliberation/seats';
import { panelSettingsSchema, type PanelSettings } from '../../domain/deliberation/settings';
import { decimal } from '../../domain/decimal';
import { RefusalCode } from '../../domain/errors';
import {
  workflowIds,
  type StrategySettings,
  type TradingCycleInput,
  type TradingCycleResult,
} from '../../workflows/contract';
import { BTC } from '../domain/fixtures';
import { Harness, type World } from './harness';

const proposal = {
  symbol: BTC.symbol,
  referencePrice: decimal('100'),
  stopPrice: decimal('90'),
  targetPrice: decimal('130'),
  trailDistance: null,
};
/** What becomes of a proposal that got as far as risk. */
const SIZED = RefusalCode.NotActive;
/** Until it is cancelled. */
const hangs = (): Promise<never> => Context.current().cancelled;

const REASONS = [{ code: 'scripted', text: 'the script says so' }];

const OWN: Readonly<Record<Seat, object>> = {
  analyst: { outlook: 'up' },
  'risk-officer': { risks: [] },
  'devils-advocate': { objection: 'It may fall.' },
  supervisor: {},
};
const says = (seat: Seat, verdict: string, sizeFactor = 1): Spoken => ({
  answer: { verdict, sizeFactor, confidence: 0.6, reasons: ['Because.'], ...OWN[seat] },
  failure: null,
});

describe('a cycle with a panel', () => {
  let harness: Harness;
  let world: World;
  beforeAll(async () => {
    harness = await Harness.start();
  });
  beforeEach(async () => {
    world = await harness.newWorld();
    // Nothing is granted unless a test wants it: positions would outlive their cycle.
    world.script.sizePosition = () =>
      Promise.resolve({ granted: false, code: RefusalCode.NotActive, message: 'the script grants nothing' });
    world.script.evaluateStrategy = () =>
      Promise.resolve([{ symbol: BTC.symbol, outcome: 'enter', reasons: REASONS, proposal }]);
  });
  afterAll(async () => {
    await harness.shutdown();
  });

  /** One cycle with a panel of these settings, and how long it took by the server's clock. */
  async function cycle(panel: Partial<PanelSettings> = {}, change: Partial<StrategySettings> = {}) {
    const deliberation = { ...panelSettingsSchema.parse({}), ...panel };
    const settings = harness.settings({ deliberation, ...change });
    const barCloseMs = Math.floor(world.time.nowMs / 300_000) * 300_000;
    const input: TradingCycleInput = {
      ...{ settings, session: 's1', barCloseMs, previousBarCloseMs: null, entriesPaused: false },
    };
    const id = `${workflowIds.tradingCycle(world.account, 's1', settings.name, barCloseMs)}/${randomUUID()}`;
    const startedMs = world.time.nowMs;
    const handle = await harness.start<(cycle: TradingCycleInput) => Promise<TradingCycleResult>>(
      'tradingCycle',
      id,
      input,
    );
    await harness.until(async () => (await handle.describe()).status.name !== 'RUNNING', { stepMs: 200 });
    const { outcomes } = await handle.result();
    return { outcome: outcomes[0]?.outcome, tookMs: world.time.nowMs - startedMs };
  }

  const inputsOf = (name: string): readonly unknown[] =>
    world.calls.filter((call) => call.name === name).map(({ input }) => input);
  const turns = () => inputsOf('speakOnPanel') as readonly SpeakInput[];
  const seatsAsked = (): readonly string[] => turns().map(({ turn }) => `${turn.seat} ${turn.round}`);
  const verdicts = () =>
    (inputsOf('concludePanel') as readonly ConcludePanelInput[]).map(({ verdict }) => verdict);
  const grants = () => inputsOf('sizePosition') as readonly SizePositionInput[];
  /** Each seat says the same at every turn. */
  const script = (answers: Partial<Record<Seat, Spoken>>): void => {
    world.script.speakOnPanel = ({ turn }) =>
      Promise.resolve(answers[turn.seat] ?? says(turn.seat, 'confirm'));
  };

  it('asks every seat once, in order, and grants what all confirm as it was proposed', async () => {
    script({});
    expect((await cycle()).outcome).toBe(SIZED);
    expect(seatsAsked()).toEqual(['analyst 1', 'risk-officer 1', 'devils-advocate 1', 'supervisor 1']);
    expect(verdicts()).toMatchObject([{ outcome: 'confirm', sizeFactor: '1' }]);
    expect(grants()).toMatchObject([{ proposal, sizeFactor: '1' }]);
    expect(grants()[0]?.reasons.map(({ code }) => code)).toEqual([
      ...['scripted', 'panel-confirm'],
      ...['panel-analyst', 'panel-risk-officer', 'panel-devils-advocate', 'panel-supervisor'],
    ]);
    expect((await world.deliberations.find(turns()[0]?.positionId ?? ''))?.brief).toMatchObject({
      symbol: BTC.symbol,
      proposal,
      account: { positions: [] },
    });
  });

  it('makes no entry that the Supervisor vetoes, and journals why', async () => {
    script({ supervisor: says(Seat.Supervisor, 'veto') });
    expect((await cycle()).outcome).toBe('panel-veto');
    expect(grants()).toEqual([]);
    expect(world.store.orders.positions(world.account)).toEqual([]);
    const decision = world.store.decisions.at(-1);
    expect(decision?.outcome).toBe('refused');
    expect(decision?.reasons.map(({ code }) => code).slice(0, 2)).toEqual(['scripted', 'panel-veto']);
  });

  it('goes on without it when too few answer', async () => {
    const none: Spoken = { answer: null, failure: 'no opinion' };
    script({ analyst: none, 'risk-officer': none, supervisor: says(Seat.Supervisor, 'veto') });
    expect((await cycle()).outcome).toBe(SIZED);
    expect(verdicts()).toMatchObject([{ outcome: 'without', sizeFactor: '1' }]);
    expect(grants()[0]?.reasons[1]?.text).toBe(
      'Decided without the panel: 2 of its seats answered, and 3 have to',
    );
  });

  it('unparsable output falls back to a default (a failure of peers): takes what is no valid answer for none', async () => {
    const bad: Spoken = { answer: { verdict: 'enlarge', sizeFactor: 9 }, failure: null };
    script({ analyst: bad, 'risk-officer': bad });
    await cycle();
    expect(grants()).toMatchObject([{ sizeFactor: '1' }]);
    expect(verdicts()).toMatchObject([{ outcome: 'without' }]);
  });

  it('waits for nobody beyond its deadline: a seat that hangs costs its share, and all of them the panel', async () => {
    world.script.speakOnPanel = ({ turn }) =>
      turn.seat === Seat.Analyst ? hangs() : Promise.resolve(says(turn.seat, 'confirm'));
    const one = await cycle({ deadlineMs: 4_000 });
    expect(one.outcome).toBe(SIZED);
    expect(verdicts()).toMatchObject([{ outcome: 'confirm' }]);
    const [first, second] = turns();
    expect(first?.allottedMs).toBeLessThanOrEqual(1_000);
    expect(second?.allottedMs).toBeLessThanOrEqual(1_050);
  });

  it('goes on without when its deadline passes before enough have spoken', async () => {
    world.script.speakOnPanel = hangs;
    const { outcome, tookMs } = await cycle({ deadlineMs: 2_000 });
    expect(outcome).toBe(SIZED);
    expect(tookMs).toBeLessThan(5_000);
    expect(verdicts()).toMatchObject([{ outcome: 'without', sizeFactor: '1' }]);
  });

  it('goes on without an inference process that is away, and without candles that cannot be had', async () => {
    world.script.preparePanel = hangs;
    world.script.fetchTrendCandles = hangs;
    expect((await cycle({ deadlineMs: 1_000 })).outcome).toBe(SIZED);
    expect(verdicts()[0]?.reasons[0]?.text).toBe(
      'Decided without the panel: its time was over before anybody was asked',
    );
  });

  it('is off while the market runs faster than time, and says so', async () => {
    world.exchange.hurry(60);
    script({});
    expect((await cycle()).outcome).toBe(SIZED);
    expect(seatsAsked()).toEqual([]);
    expect(verdicts()).toEqual([]);
    expect(grants()[0]?.reasons[1]).toEqual({
      code: 'panel-off',
      text: 'The panel is off: the market runs at 60×, and opinions take wall time',
    });
  });

  it('makes an entry smaller, and its bracket stays', async () => {
    delete world.script.sizePosition;
    script({ supervisor: says(Seat.Supervisor, 'shrink', 0.5) });
    expect((await cycle()).outcome).toBe('enter');
    expect(grants()).toMatchObject([{ proposal, sizeFactor: '0.5' }]);
    const [position] = world.store.orders.positions(world.account);
    // Half of 1 % of 10000 over 100.1 × 1.001 − 90 × 0.999, rounded down to the lot.
    expect(position).toMatchObject({ quantity: '4.85903', stopPrice: '90' });
  });

  it('judges two proposals of one bar each by itself', async () => {
    const other = { ...proposal, symbol: 'ETH/USDT' };
    world.script.evaluateStrategy = () =>
      Promise.resolve(
        [proposal, other].map((one) => ({
          ...{ symbol: one.symbol, outcome: 'enter' as const, reasons: REASONS, proposal: one },
        })),
      );
    world.script.speakOnPanel = ({ positionId, turn: { seat } }) =>
      Promise.resolve(
        says(seat, seat === Seat.Supervisor && positionId.includes('ETH') ? 'veto' : 'confirm'),
      );
    await cycle();
    expect(new Set(turns().map(({ positionId }) => positionId)).size).toBe(2);
    expect(turns()).toHaveLength(8);
    expect(verdicts()).toMatchObject([{ outcome: 'confirm' }, { outcome: 'veto' }]);
    expect(grants()).toMatchObject([{ proposal }]);
  });

  it('judges what an agent proposes, and its veto is what the agent is answered', async () => {
    world.script.evaluateStrategy = () =>
      Promise.resolve([{ symbol: BTC.symbol, outcome: 'hold', reasons: REASONS, proposal: null }]);
    const wants = { symbol: BTC.symbol, side: 'buy', stop_price: 90, take_profit_price: 130 };
    const call = {
      ...{ id: 'c', name: ToolName.MarketOrder },
      arguments: JSON.stringify({ ...wants, size_fraction: null, reason: 'a test' }),
    };
    world.script.askAgent = ({ turn }) =>
      Promise.resolve(turn === 0 ? { calls: [call], end: null } : { calls: [], end: 'done' });
    script({ supervisor: says(Seat.Supervisor, 'veto') });
    const parameters = agentParametersSchema.parse({});
    expect((await cycle({}, { strategyId: AGENT_ID, parameters })).outcome).toBe('refused');
    expect(turns()).toHaveLength(4);
    expect(grants()).toEqual([]);
    expect(world.agent.all().steps).toMatchObject([
      { outcome: 'refused', result: expect.stringMatching(/^refused: vetoed by the panel/) as string },
    ]);
  });
});

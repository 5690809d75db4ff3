import fc from 'fast-check';
import { conductPanel } from '../../../domain/deliberation/conduct';
import { Advice, Ruling, Seat } from '../../../domain/deliberation/seats';
import { readSeatAnswer } from '../../../domain/deliberation/answers';
import { panelSettingsSchema, type PanelSettings } from '../../../domain/deliberation/settings';
import { turnsOf } from '../../../domain/deliberation/turns';
import {
  judge,
  opinionOf,
  OPPOSED_FACTOR,
  PanelOutcome,
  type Statement,
} from '../../../domain/deliberation/verdict';
import { compare, multiply, ONE, ZERO } from '../../../domain/decimal';
import { riskLimitsSchema, sizePosition, TradingMode } from '../../../domain/risk';
import { BTC, d } from '../fixtures';

const settings = panelSettingsSchema.parse({});

const common = { sizeFactor: 0.5, confidence: 0.7, reasons: ['Because.'] };
const OWN: Readonly<Record<Seat, object>> = {
  analyst: { outlook: 'up' },
  'risk-officer': { risks: [] },
  'devils-advocate': { objection: 'It may fall.' },
  supervisor: {},
};
const says = (seat: Seat, verdict: string, more: object = {}, round = 1): Statement => ({
  seat,
  round,
  answer: { ...common, ...OWN[seat], verdict, ...more },
});
const { Analyst, RiskOfficer, DevilsAdvocate, Supervisor } = Seat;
const allSay = (analyst: string, officer: string, devil: string, supervisor: string): Statement[] => [
  says(Analyst, analyst),
  says(RiskOfficer, officer),
  says(DevilsAdvocate, devil),
  says(Supervisor, supervisor),
];

test.each([
  ['all confirm', allSay('confirm', 'confirm', 'confirm', 'confirm'), 'confirm', '1'],
  ['the Supervisor alone vetoes', allSay('confirm', 'confirm', 'confirm', 'veto'), 'veto', null],
  ['the advisers shrink', allSay('confirm', 'shrink', 'shrink', 'confirm'), 'shrink', '0.6666'],
  ['the Supervisor shrinks more', allSay('confirm', 'confirm', 'shrink', 'shrink'), 'shrink', '0.5'],
  ['the advisers shrink more', allSay('oppose', 'oppose', 'shrink', 'shrink'), 'shrink', '0.3333'],
  ['all advisers oppose', allSay('oppose', 'oppose', 'oppose', 'confirm'), 'shrink', String(OPPOSED_FACTOR)],
])('%s', (_name, statements, outcome, sizeFactor) => {
  expect(judge(settings, statements)).toMatchObject({ outcome, sizeFactor });
});

test('no seat but the Supervisor has a veto, and none has words for more', () => {
  const answer = { ...common, outlook: 'up', verdict: 'confirm' };
  expect(readSeatAnswer(Analyst, answer)).not.toBeNull();
  for (const change of [
    { verdict: 'veto' },
    { verdict: 'enlarge' },
    { sizeFactor: 1.5 },
    { verdict: 'shrink', sizeFactor: 1 },
    { verdict: 'shrink', sizeFactor: 0 },
    { stopPrice: '1' },
    { reasons: [] },
    { outlook: 'moon' },
  ])
    expect(readSeatAnswer(Analyst, { ...answer, ...change })).toBeNull();
});

test('fewer answers than the quorum leave the proposal as it is, and say so', () => {
  const statements = [says(Analyst, 'oppose'), says(Supervisor, 'veto')];
  const verdict = judge(settings, statements);
  expect(verdict).toMatchObject({ outcome: 'without', sizeFactor: '1' });
  expect(verdict.reasons[0]).toEqual({
    code: 'panel-without',
    text: 'Decided without the panel: 2 of its seats answered, and 3 have to',
  });
  expect(judge({ ...settings, quorum: 2 }, statements).outcome).toBe('veto');
});

test('what a seat said last counts, unless it is no answer', () => {
  const statements = [
    ...allSay('confirm', 'confirm', 'confirm', 'confirm'),
    says(Analyst, 'oppose', {}, 2),
    { ...says(RiskOfficer, 'oppose', {}, 2), answer: 'I refuse to answer' },
  ];
  expect(judge(settings, statements).sizeFactor).toBe('0.75');
});

test('the Supervisor speaks last, once, and a panel of one is possible', () => {
  const seats = [Supervisor, Analyst, RiskOfficer].map((seat) => ({ seat, role: seat }));
  const order = turnsOf({ seats, rounds: 2 }).map(({ seat, round }) => `${seat} ${round}`);
  expect(order).toEqual(['analyst 1', 'risk-officer 1', 'analyst 2', 'risk-officer 2', 'supervisor 2']);
  const alone = { seats: [{ seat: Supervisor, role: 'judge' }], rounds: 3 };
  expect(turnsOf(alone)).toEqual([{ round: 3, seat: Supervisor, role: 'judge' }]);
  expect(judge({ ...alone, quorum: 1 }, [says(Supervisor, 'confirm')]).outcome).toBe('confirm');
});

test('a quorum of more than there are seats is refused', () => {
  const seats = [{ seat: Analyst, role: 'analyst' }];
  expect(panelSettingsSchema.safeParse({ seats }).success).toBe(false);
  expect(panelSettingsSchema.safeParse({ seats, quorum: 1 }).success).toBe(true);
});

describe('whatever models put out', () => {
  const numbers = fc.oneof(fc.double(), fc.constantFrom(0, 0.05, 0.5, 0.95, 1, 1e9, -1, NaN, Infinity));
  const words = fc.constantFrom(...Object.values(Advice), ...Object.values(Ruling), 'enlarge', '', null);
  /** Near enough to be answers now and then, and everything else. */
  const answers = fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .constantFrom(...Object.values(Advice), ...Object.values(Ruling))
        .chain((verdict) =>
          fc.double({ min: 0, max: 1, noNaN: true }).map((sizeFactor) => ({ verdict, sizeFactor })),
        ),
    },
    {
      weight: 2,
      arbitrary: fc.record(
        { verdict: words, sizeFactor: numbers, stopPrice: fc.string() },
        { requiredKeys: [] },
      ),
    },
    { weight: 1, arbitrary: fc.anything() },
  );
  const statements = fc
    .array(
      fc.record({
        seat: fc.constantFrom(...Object.values(Seat)),
        round: fc.integer({ min: 1, max: 3 }),
        said: answers,
      }),
      { maxLength: 12 },
    )
    .map((all) =>
      all.map(({ seat, round, said }): Statement => ({
        seat,
        round,
        answer:
          typeof said === 'object' && said !== null && !Array.isArray(said)
            ? { ...common, ...OWN[seat], ...said }
            : said,
      })),
    );
  const panels = fc
    .record({ quorum: fc.integer({ min: 1, max: 4 }), rounds: fc.integer({ min: 1, max: 3 }) })
    .map((change): PanelSettings => ({ ...settings, ...change }));
  const proposal = {
    symbol: 'BTC/USDT',
    referencePrice: d('100'),
    stopPrice: d('80'),
    targetPrice: d('150'),
    trailDistance: d('3'),
  };
  const snapshot = {
    ...{ equity: d('10000'), equityAtDayStart: d('10000'), peakEquity: d('10000'), freeQuote: d('10000') },
    ...{ exposure: d('0'), openPositions: 0, mode: TradingMode.Active },
  };
  const limits = riskLimitsSchema.parse({});
  const sized = (sizeFactor?: ReturnType<typeof d>) =>
    sizePosition({
      proposal,
      snapshot,
      limits,
      instrument: BTC,
      ...(sizeFactor !== undefined && { sizeFactor }),
    });
  const before = sized();
  if (!before.approved) throw new Error(before.message);

  test('the size is at most the strategy’s, and the bracket is the same', () => {
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(panels, statements, (panel, all) => {
        const { outcome, sizeFactor, reasons } = judge(panel, all);
        outcomes.add(outcome);
        expect(reasons.length).toBeGreaterThan(0);
        if (sizeFactor === null) {
          expect(outcome).toBe(PanelOutcome.Veto);
          return;
        }
        expect(compare(sizeFactor, ZERO)).toBe(1);
        expect(compare(sizeFactor, ONE)).not.toBe(1);
        const after = sized(sizeFactor);
        if (!after.approved) throw new Error(after.message);
        const { quantity, reservedQuote, riskQuote, ...bracket } = after.intent;
        expect(bracket).toMatchObject({
          stopPrice: before.intent.stopPrice,
          targetPrice: before.intent.targetPrice,
          limitPrice: before.intent.limitPrice,
          trailDistance: before.intent.trailDistance,
        });
        expect(compare(quantity, multiply(before.intent.quantity, sizeFactor))).not.toBe(1);
        expect(compare(reservedQuote, before.intent.reservedQuote)).not.toBe(1);
        expect(compare(riskQuote, before.intent.riskQuote)).not.toBe(1);
      }),
      { numRuns: 300 },
    );
    expect([...outcomes].sort()).toEqual(['confirm', 'shrink', 'veto', 'without']);
  });

  test('what is no answer changes nothing', () => {
    fc.assert(
      fc.property(panels, statements, (panel, all) => {
        const valid = all.filter(({ seat, answer }) => opinionOf(seat, answer) !== null);
        expect(judge(panel, all)).toEqual(judge(panel, valid));
        for (const { seat, answer } of all) {
          const read = readSeatAnswer(seat, answer);
          if (read !== null) expect(read).toMatchObject(opinionOf(seat, read) ?? { verdict: 'no opinion' });
        }
      }),
    );
  });
});

describe('a panel that is held', () => {
  const confirm = ({ seat }: { readonly seat: Seat }): unknown => says(seat, 'confirm').answer;

  test('gives each voice an even share of what is left', async () => {
    let leftMs = 1_000;
    const allotted: number[] = [];
    const verdict = await conductPanel({
      settings,
      leftMs: () => leftMs,
      speak: (turn, heard, allottedMs) => {
        allotted.push(allottedMs);
        expect(heard).toHaveLength(allotted.length - 1);
        leftMs -= turn.seat === Analyst ? 100 : allottedMs;
        return Promise.resolve(confirm(turn));
      },
    });
    expect(allotted).toEqual([250, 300, 300, 300]);
    expect(verdict.outcome).toBe('confirm');
  });

  test('judges what was said until the deadline', async () => {
    let leftMs = 700;
    const speak = (turn: { readonly seat: Seat }): Promise<unknown> => {
      leftMs -= 400;
      return Promise.resolve(confirm(turn));
    };
    expect((await conductPanel({ settings, leftMs: () => leftMs, speak })).outcome).toBe('without');
    leftMs = 1_250;
    expect((await conductPanel({ settings, leftMs: () => leftMs, speak })).outcome).toBe('confirm');
    leftMs = 0;
    const { outcome, reasons } = await conductPanel({ settings, leftMs: () => leftMs, speak });
    expect([outcome, reasons[0]?.text]).toEqual([
      'without',
      'Decided without the panel: no time was left to ask anybody',
    ]);
  });
});

import { BUILT_IN_CATALOGUE, createCatalogue } from '../../domain/strategies/catalogue';
import {
  defineStrategy,
  enterWithBracket,
  exit,
  hold,
  z,
  type Signal,
  type StrategyView,
} from '../../domain/strategies/author';
import { guarded } from '../../domain/strategies/guard';
import { erase, type PreparedStrategy } from '../../domain/strategies/prepare';
import { barsFromCloses } from '../../domain/strategies/testing';
import type { Decision, PositionSide } from '../../domain/strategy';
import { decideOnColumns } from './parity';

const OWN = { symbol: 'BTC/USDT:USDT', timeframe: '1h' } as const;
/** Closes that tell which bar it is: bar 900 closes at 1,900. */
const bars = barsFromCloses(Array.from({ length: 1_000 }, (_, index) => 1_000 + index));
const BAR = 900;

const parameters = z.strictObject({
  /** Close at which it wishes to enter, and on which side. */
  enterAt: z.number().default(0),
  side: z.enum(['long', 'short']).default('long'),
  exitAt: z.number().default(0),
  atrPeriod: z.int().default(5),
});

/** Enters and leaves at the closes that it is told. */
const scripted = defineStrategy({
  id: 'scripted',
  summary: 'Does what it is told.',
  parameters,
  indicators: ({ atrPeriod }) => ({ atr: { kind: 'atr', period: atrPeriod } }),
  onBar(view: StrategyView<'atr'>, told): Signal<z.infer<typeof parameters>, 'atr'> {
    const close = view.close.at(0);
    const because = (code: string) => () => [
      { code, text: code, values: { close, atr: view.indicators.atr.at(0) } },
    ];
    if (view.position !== null) return close === told.exitAt ? exit(because('out')) : hold(because('stay'));
    if (close !== told.enterAt) return hold(because('calm'));
    const bracket = {
      stopAtr: 3,
      stopFraction: 0.05,
      targetFraction: 0.1,
      rewardToRisk: 2,
      costFraction: 0,
      trailAtr: null,
    };
    const entry = enterWithBracket(view, { ...told, ...bracket }, because('in'), told.side);
    return { ...entry, because: because('in') };
  },
});

const catalogue = createCatalogue(
  [guarded(erase(scripted), { file: 'strategies/scripted.ts', version: 'aaaaaaaaaaaa' })],
  [],
);

interface Member {
  readonly enterAt?: number;
  readonly side?: PositionSide;
  readonly exitAt?: number;
  readonly weight?: number;
  readonly atrPeriod?: number;
}

const ensemble = (members: readonly Member[], rules = {}): PreparedStrategy =>
  catalogue.find('ensemble').parse({
    members: members.map(({ weight = 1, ...told }) => ({ strategy: 'scripted', parameters: told, weight })),
    ...rules,
  });

const decide = (strategy: PreparedStrategy, side: PositionSide | null = null, at = BAR): Decision =>
  decideOnColumns(strategy, OWN, () => bars)(at, side);

const NOW = 1_000 + BAR;
const [wish, calm] = [{ enterAt: NOW }, {}];

describe('an ensemble enters', () => {
  test.each<[string, readonly Member[], object, Decision['kind']]>([
    ['when enough of equal weights wish to', [wish, wish, calm], {}, 'enter'],
    ['not when too few do', [wish, calm, calm], {}, 'hold'],
    ['exactly at its quorum', [wish, wish, calm, calm], { quorum: 0.5 }, 'enter'],
    ['by weight, not by heads', [{ ...wish, weight: 3 }, calm, calm], {}, 'enter'],
    ['not when the light ones wish to', [{ ...calm, weight: 3 }, wish, wish], {}, 'hold'],
    ['not when others wish for the other side', [wish, wish, wish, { ...wish, side: 'short' }], {}, 'hold'],
  ])('%s', (_, members, rules, kind) => {
    expect(decide(ensemble(members, rules)).kind).toBe(kind);
  });

  it('on the side that has the quorum, with a bracket of its own', () => {
    const short = { ...wish, side: 'short' } as const;
    const rules = { stopFraction: 0.01, targetFraction: 0.03 };
    expect(decide(ensemble([short, short], rules))).toMatchObject({
      ...{ kind: 'enter', side: 'short', referencePrice: NOW, trailDistance: null },
      stopPrice: NOW * 1.01,
      targetPrice: NOW * 0.97,
    });
  });

  it('on a wish of some bars ago, for as long as votes count and the member would still hold', () => {
    const ago = { enterAt: NOW - 3 };
    expect(decide(ensemble([ago, wish], { voteBars: 4 })).kind).toBe('enter');
    expect(decide(ensemble([ago, wish], { voteBars: 3 })).kind).toBe('hold');
    expect(decide(ensemble([{ ...ago, exitAt: NOW - 1 }, wish], { voteBars: 4 })).kind).toBe('hold');
    expect(decide(ensemble([{ ...ago, exitAt: NOW - 3 }, wish], { voteBars: 4 })).kind).toBe('enter');
  });

  it('tells the count and every member’s reasons, as they were when it wished', () => {
    const decision = decide(ensemble([{ enterAt: NOW - 2 }, wish, calm]));
    expect(decision.reasons.map(({ code }) => code)).toEqual([
      'vote-passed',
      ...['scripted 1-votes', 'scripted 1: in', 'scripted 2-votes', 'scripted 2: in'],
      ...['scripted 3-votes', 'scripted 3: calm', 'bracket'],
    ]);
    expect(decision.reasons[0]?.text).toBe('Vote for a long: 66.7 % of the weight, at least 60 %');
    expect(decision.reasons[1]?.text).toBe('scripted 1 (weight 1): enter long, 2 bars ago');
    expect(decision.reasons[2]?.values?.close).toBe(NOW - 2);
  });
});

describe('an ensemble leaves', () => {
  const out = { exitAt: NOW };

  test.each<[readonly Member[], object, Decision['kind']]>([
    [[out, calm], {}, 'exit'],
    [[out, calm, calm], {}, 'hold'],
    [[out, calm, calm], { exitQuorum: 0.3 }, 'exit'],
    [[{ ...out, weight: 5 }, calm, calm], {}, 'exit'],
  ])('%j with %j: %s', (members, rules, kind) => {
    expect(decide(ensemble(members, rules), 'long').kind).toBe(kind);
  });

  it('and tells why it stays as well', () => {
    const { reasons } = decide(ensemble([out, calm, calm]), 'long');
    expect(reasons.map(({ code }) => code)).toEqual([
      'vote-failed',
      ...['scripted 1-votes', 'scripted 1: out', 'scripted 2-votes', 'scripted 2: stay'],
      ...['scripted 3-votes', 'scripted 3: stay'],
    ]);
  });
});

describe('the members of an ensemble', () => {
  it('each see their own indicators, though they call them the same', () => {
    const { reasons } = decide(ensemble([{ atrPeriod: 3 }, { atrPeriod: 50 }]), null, 60);
    const ranges = reasons.flatMap(({ code, values }) => (code.endsWith(': calm') ? [values?.atr] : []));
    expect(ranges).toEqual([expect.closeTo(1, 9) as number, expect.closeTo(1, 9) as number]);
    const indicators = ensemble([{ atrPeriod: 3 }, { atrPeriod: 50 }]).indicators;
    expect(indicators['1 scripted: atr']).toEqual({ kind: 'atr', period: 3 });
    expect(indicators['2 scripted: atr']).toEqual({ kind: 'atr', period: 50 });
  });

  it('have their parameters completed, which can be parsed again, and their versions told', () => {
    const strategy = ensemble([wish, calm]);
    expect(strategy.version).toBe('scripted@aaaaaaaaaaaa scripted@aaaaaaaaaaaa');
    const again = catalogue.find('ensemble').parse(strategy.parameters);
    expect(again.parameters).toEqual(strategy.parameters);
    expect(BUILT_IN_CATALOGUE.find('ensemble').parse({})).not.toHaveProperty('version');
  });

  it('need as many bars as the one who needs most, and as votes look back', () => {
    const warmup = (voteBars: number): number =>
      ensemble([{ atrPeriod: 50 }, calm], { voteBars }).needs(OWN)[0]?.bars ?? 0;
    expect(warmup(50)).toBe(warmup(1) + 49);
  });

  test.each<[object, string]>([
    [{ members: [{ strategy: 'rsi' }] }, 'strategies.ensemble.members is'],
    [
      { members: [{ strategy: 'rsi' }, { strategy: 'macd' }] },
      'strategies.ensemble.members.1: There is no strategy "macd".',
    ],
    [{ members: [{ strategy: 'rsi' }, { strategy: 'ensemble' }] }, 'an ensemble has no ensembles in it'],
    [
      { members: [{ strategy: 'rsi' }, { strategy: 'market-maker' }] },
      'members.1: "market-maker" quotes prices',
    ],
    [
      { members: [{ strategy: 'rsi', parameters: { period: 1 } }, { strategy: 'rsi' }] },
      'strategies.ensemble.members.0: strategies.rsi.period is 1',
    ],
    [{ quorum: 0 }, 'strategies.ensemble.quorum is 0'],
  ])('%j is refused', (wrong, message) => {
    expect(() => catalogue.find('ensemble').parse(wrong)).toThrow(message);
  });

  it('of a symbol bind the ensemble to it', () => {
    const pairs = BUILT_IN_CATALOGUE.find('ensemble').parse({
      members: [{ strategy: 'pairs' }, { strategy: 'rsi' }],
    });
    expect(() => pairs.needs({ symbol: 'DOGE/USDT', timeframe: '1h' })).toThrow('cannot be run on DOGE/USDT');
  });
});

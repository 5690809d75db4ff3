import fc from 'fast-check';
import {
  add,
  compare,
  divide,
  floorTo,
  multiply,
  ONE,
  subtract,
  type DecimalString,
} from '../../domain/decimal';
import { untradable, type Instrument } from '../../domain/instrument';
import {
  riskLimitsSchema,
  sizePosition,
  TradingMode,
  type OrderIntent,
  type Proposal,
  type RiskLimits,
  type RiskSnapshot,
  type Verdict,
} from '../../domain/risk';
import { BTC, d, decimals } from './fixtures';

const limits = riskLimitsSchema.parse({});

const snapshot: RiskSnapshot = {
  equity: d('10000'),
  equityAtDayStart: d('10000'),
  peakEquity: d('10000'),
  freeQuote: d('10000'),
  exposure: d('0'),
  openPositions: 0,
  mode: TradingMode.Active,
};

const proposal: Proposal = {
  symbol: 'BTC/USDT',
  referencePrice: d('100'),
  stopPrice: d('80'),
  targetPrice: d('150'),
  trailDistance: null,
};

interface Change {
  readonly proposal?: Partial<Proposal>;
  readonly snapshot?: Partial<RiskSnapshot>;
  readonly limits?: Partial<RiskLimits>;
  readonly instrument?: Partial<Instrument>;
}

const size = (change: Change = {}): Verdict =>
  sizePosition({
    proposal: { ...proposal, ...change.proposal },
    snapshot: { ...snapshot, ...change.snapshot },
    limits: { ...limits, ...change.limits },
    instrument: { ...BTC, ...change.instrument },
  });

function intentOf(verdict: Verdict): OrderIntent {
  if (!verdict.approved) throw new Error(verdict.message);
  return verdict.intent;
}

describe('the size', () => {
  it('is what loses the risk fraction at the stop, fees included', () => {
    // Limit 100.1; one unit costs 100.1 × 1.001 = 100.2001 and brings 80 × 0.999 = 79.92 at the stop: 20.2801 at risk.
    // 1 % of 10000 is 100: 100 / 20.2801 = 4.93094…
    expect(intentOf(size())).toEqual({
      symbol: 'BTC/USDT',
      quantity: '4.93094',
      limitPrice: '100.1',
      stopPrice: '80',
      targetPrice: '150',
      trailDistance: null,
      reservedQuote: '494.080681094', // 4.93094 × 100.2001
      riskQuote: '99.999956294', // 4.93094 × 20.2801
    });
  });

  test.each<[string, Change, string]>([
    // 10 % of 10000 at 100.1 each
    ['the position limit', { limits: { riskFraction: 0.05 } }, '9.99'],
    // 50 % of 10000 less 4900, at 100.1 each
    ['the exposure left', { snapshot: { exposure: d('4900') } }, '0.999'],
    // 200 at 100.2001 each, fee included
    ['the free balance', { snapshot: { freeQuote: d('200') } }, '1.996'],
  ])('is capped by %s', (_, change, quantity) => {
    const coarse = { ...change, instrument: { stepSize: d('0.001') } };
    expect(intentOf(size(coarse)).quantity).toBe(quantity);
  });
});

describe('a size factor', () => {
  const reduced = (sizeFactor: string, change: Partial<Instrument> = {}): Verdict =>
    sizePosition({
      ...{ proposal, snapshot, limits, sizeFactor: d(sizeFactor) },
      instrument: { ...BTC, ...change },
    });

  it('makes the entry smaller and leaves its bracket', () => {
    const whole = intentOf(size());
    // 4.93094… × 0.5, rounded down to the lot
    expect(intentOf(reduced('0.5'))).toMatchObject({
      ...{ quantity: '2.46547', limitPrice: whole.limitPrice },
      ...{ stopPrice: whole.stopPrice, targetPrice: whole.targetPrice },
    });
    expect(intentOf(reduced('1'))).toEqual(whole);
  });

  it('that leaves too little to trade refuses the entry', () => {
    expect(reduced('0.05', { minQuantity: d('1') })).toMatchObject({
      ...{ approved: false, code: 'below-minimum' },
      message: expect.stringContaining('Reduced to 0.05 of it, the risk budget (100 USDT') as string,
    });
  });

  test.each(['0', '-0.5', '1.0001', '7'])('of %s is a fault of whoever gives it', (factor) => {
    expect(() => reduced(factor)).toThrow(RangeError);
  });
});

describe('refusals', () => {
  test.each<[string, Change, string, string]>([
    ['a reducing account', { snapshot: { mode: 'REDUCING' } }, 'not-active', 'REDUCING'],
    ['a halted account', { snapshot: { mode: 'HALTED' } }, 'not-active', 'HALTED'],
    [
      'a drawdown of exactly the limit',
      { snapshot: { equity: d('8500') } },
      'drawdown',
      '15.00 % below its peak 10000',
    ],
    [
      'a daily loss of exactly the limit',
      { snapshot: { equity: d('9500') } },
      'daily-loss',
      "5.00 % below the day's start 10000",
    ],
    ['too many positions', { snapshot: { openPositions: 5 } }, 'max-open-positions', '5 positions are open'],
    [
      'a stop at the limit',
      { proposal: { stopPrice: d('100.1') } },
      'invalid-stop',
      'The stop 100.1 must be',
    ],
    ['a stop rounded up to the limit', { proposal: { stopPrice: d('100.091') } }, 'invalid-stop', '100.1'],
    ['a stop of zero', { proposal: { stopPrice: d('0') } }, 'invalid-stop', 'The stop 0 must be above zero'],
    ['a negative stop', { proposal: { stopPrice: d('-3') } }, 'invalid-stop', 'The stop -3 must be'],
    [
      'a trail of zero',
      { proposal: { trailDistance: d('0') } },
      'invalid-stop',
      'The trailing distance is 0',
    ],
    // Gross it would be (140.8 − 100.1) / (100.1 − 80) = 2.02; the fees take it to 1.99.
    [
      'a reward eaten by fees',
      { proposal: { targetPrice: d('140.8') } },
      'reward-to-risk',
      'Reward-to-risk is 1.99',
    ],
    [
      'a target below the limit',
      { proposal: { targetPrice: d('99') } },
      'reward-to-risk',
      'must be at least 2',
    ],
    ['no exposure left', { snapshot: { exposure: d('5000') } }, 'max-exposure', 'The exposure left (0 USDT'],
    [
      'exposure beyond the limit',
      { snapshot: { exposure: d('7000') } },
      'max-exposure',
      '(-2000 USDT at 100.1 per unit) allows 0 BTC',
    ],
    [
      'no free balance',
      { snapshot: { freeQuote: d('3') } },
      'insufficient-funds',
      'The free balance (3 USDT',
    ],
    [
      'a position limit below the minimum',
      { limits: { maxPositionFraction: 0.0001 } },
      'max-position',
      'The position limit (1 USDT',
    ],
    [
      'a risk too small to trade',
      { limits: { riskFraction: 0.0001 } },
      'below-minimum',
      'The risk budget (1 USDT',
    ],
  ])('%s', (_, change, code, words) => {
    expect(size(change)).toEqual({
      approved: false,
      code,
      message: expect.stringContaining(words) as string,
    });
  });

  it('come in the stated order when several apply', () => {
    const broken: Change = {
      snapshot: { mode: 'REDUCING', equity: d('8000'), openPositions: 9, exposure: d('9999') },
      proposal: { stopPrice: d('0'), targetPrice: d('90') },
    };
    const codes: string[] = [];
    const repairs: Change[] = [
      { snapshot: { mode: 'ACTIVE' } },
      { snapshot: { peakEquity: d('8000') } },
      { snapshot: { equityAtDayStart: d('8000') } },
      { snapshot: { openPositions: 0 } },
      { proposal: { stopPrice: d('80') } },
      { proposal: { targetPrice: d('150') } },
      { snapshot: { exposure: d('0') } },
    ];
    let change = broken;
    for (const repair of repairs) {
      const verdict = size(change);
      codes.push(verdict.approved ? 'approved' : verdict.code);
      change = {
        snapshot: { ...change.snapshot, ...repair.snapshot },
        proposal: { ...change.proposal, ...repair.proposal },
      };
    }
    expect(codes).toEqual([
      'not-active',
      'drawdown',
      'daily-loss',
      'max-open-positions',
      'invalid-stop',
      'reward-to-risk',
      'max-exposure',
    ]);
    expect(size(change).approved).toBe(true);
  });

  it('include an entry whose rest after the fee no stop could sell', () => {
    // 0.054 are worth 5.41 at the limit, enough to buy; the 0.053 left after the fee are worth 4.24 at the stop.
    const verdict = size({
      limits: { riskFraction: 0.00011 },
      instrument: { stepSize: d('0.001') },
    });
    expect(verdict).toMatchObject({ approved: false, code: 'below-minimum' });
    if (!verdict.approved)
      expect(verdict.message).toContain('after the fee 0.053 could be sold at the stop 80');
  });
});

describe('any account, proposal and instrument', () => {
  const money = decimals(1, 2_000_000, 2);
  const anyFraction = fc.integer({ min: 1, max: 1_000 }).map((thousandths) => thousandths / 1_000);
  const step = fc.constantFrom('1', '0.1', '0.01', '0.001', '0.00001', '0.5').map(d);

  const anyInput = fc.record({
    proposal: fc.record({
      symbol: fc.constant('BTC/USDT'),
      referencePrice: decimals(9_000, 11_000, 3),
      stopPrice: decimals(1, 11_000, 3),
      targetPrice: decimals(9_000, 60_000, 3),
      trailDistance: fc.option(decimals(1, 1_000, 3)),
    }),
    snapshot: fc.record({
      equity: money,
      equityAtDayStart: money,
      peakEquity: money,
      freeQuote: money,
      exposure: decimals(0, 300_000, 2),
      openPositions: fc.nat({ max: 6 }),
      mode: fc.constantFrom('ACTIVE' as const, 'ACTIVE' as const, 'ACTIVE' as const, 'REDUCING' as const),
    }),
    limits: fc.record({
      riskFraction: anyFraction,
      maxPositionFraction: anyFraction,
      maxExposureFraction: anyFraction,
      dailyLossFraction: anyFraction,
      maxDrawdownFraction: anyFraction,
      maxOpenPositions: fc.integer({ min: 1, max: 10 }),
      minRewardToRisk: fc.integer({ min: 0, max: 40 }).map((tenths) => tenths / 10),
      entrySlippageFraction: fc.integer({ min: 0, max: 100 }).map((thousandths) => thousandths / 1_000),
    }),
    instrument: fc.record({
      symbol: fc.constant('BTC/USDT'),
      base: fc.constant('BTC'),
      quote: fc.constant('USDT'),
      tickSize: step,
      stepSize: step,
      minQuantity: decimals(0, 100, 3),
      minNotional: decimals(0, 2_000, 2),
      makerFee: decimals(0, 10, 3),
      takerFee: decimals(0, 10, 3),
    }),
  });

  /** Approved inputs with their intents; fails when there are too few to prove anything. */
  const approvals = fc
    .sample(anyInput, 4_000)
    .map((input) => ({ ...input, verdict: sizePosition(input) }))
    .flatMap(({ verdict, ...input }) => (verdict.approved ? [{ ...input, intent: verdict.intent }] : []));

  const part = (whole: DecimalString, fraction: number): DecimalString =>
    multiply(whole, d(String(fraction)));
  const atMost = (value: DecimalString, bound: DecimalString): void => {
    if (compare(value, bound) > 0) throw new Error(`${value} exceeds ${bound}`);
  };

  it('is approved often enough for the properties below to mean something', () => {
    expect(approvals.length).toBeGreaterThan(200);
  });

  it('never exceeds a limit', () => {
    for (const { intent, snapshot: account, limits: bounds } of approvals) {
      const notional = multiply(intent.quantity, intent.limitPrice);
      expect(account.mode).toBe('ACTIVE');
      expect(account.openPositions).toBeLessThan(bounds.maxOpenPositions);
      atMost(intent.riskQuote, part(account.equity, bounds.riskFraction));
      atMost(notional, part(account.equity, bounds.maxPositionFraction));
      atMost(add(account.exposure, notional), part(account.equity, bounds.maxExposureFraction));
      atMost(intent.reservedQuote, account.freeQuote);
      const lost = (from: DecimalString): DecimalString => subtract(from, account.equity);
      expect(compare(lost(account.peakEquity), part(account.peakEquity, bounds.maxDrawdownFraction))).toBe(
        -1,
      );
      expect(
        compare(lost(account.equityAtDayStart), part(account.equityAtDayStart, bounds.dailyLossFraction)),
      ).toBe(-1);
    }
  });

  it('never loses more at the stop than it says, whether fees are taken in base or in quote', () => {
    for (const { intent, instrument } of approvals) {
      const { quantity, limitPrice, stopPrice } = intent;
      const kept = subtract(ONE, instrument.takerFee);
      const paid = multiply(quantity, limitPrice);
      const feeInBase = subtract(paid, multiply(multiply(multiply(quantity, kept), stopPrice), kept));
      const paidWithFee = multiply(paid, add(ONE, instrument.takerFee));
      const feeInQuote = subtract(paidWithFee, multiply(multiply(quantity, stopPrice), kept));
      atMost(feeInBase, intent.riskQuote);
      atMost(feeInQuote, intent.riskQuote);
      atMost(paidWithFee, intent.reservedQuote);
    }
  });

  it('never rounds towards more risk, and only to tradable prices and quantities', () => {
    for (const { intent, proposal: wish, limits: bounds, instrument } of approvals) {
      for (const price of [intent.limitPrice, intent.stopPrice, intent.targetPrice]) {
        expect(floorTo(price, instrument.tickSize)).toBe(price);
      }
      expect(floorTo(intent.quantity, instrument.stepSize)).toBe(intent.quantity);
      atMost(intent.limitPrice, multiply(wish.referencePrice, d(String(1 + bounds.entrySlippageFraction))));
      atMost(wish.stopPrice, intent.stopPrice);
      atMost(intent.targetPrice, wish.targetPrice);
      const held = floorTo(
        multiply(intent.quantity, subtract(ONE, instrument.takerFee)),
        instrument.stepSize,
      );
      expect(untradable(instrument, held, intent.stopPrice)).toBeUndefined();
    }
  });

  it('never takes a bracket whose reward after fees is too small for its risk', () => {
    for (const { intent, limits: bounds, instrument } of approvals) {
      const kept = subtract(ONE, instrument.takerFee);
      const cost = multiply(intent.limitPrice, add(ONE, instrument.takerFee));
      const reward = subtract(multiply(intent.targetPrice, kept), cost);
      const risk = subtract(cost, multiply(intent.stopPrice, kept));
      expect(compare(intent.stopPrice, intent.limitPrice)).toBe(-1);
      atMost(part(risk, bounds.minRewardToRisk), reward);
    }
  });

  it('is no smaller than the limits ask for: one more lot would exceed one of them', () => {
    for (const { intent, snapshot: account, limits: bounds, instrument } of approvals) {
      const more = add(intent.quantity, instrument.stepSize);
      const times = divide(more, intent.quantity, 30);
      const notional = multiply(more, intent.limitPrice);
      const exceeded = [
        compare(multiply(intent.riskQuote, times), part(account.equity, bounds.riskFraction)),
        compare(notional, part(account.equity, bounds.maxPositionFraction)),
        compare(add(account.exposure, notional), part(account.equity, bounds.maxExposureFraction)),
        compare(multiply(intent.reservedQuote, times), account.freeQuote),
      ];
      expect(Math.max(...exceeded)).toBe(1);
    }
  });
});

describe('the limits', () => {
  it('have the documented defaults', () => {
    expect(riskLimitsSchema.parse({})).toEqual({
      riskFraction: 0.01,
      maxPositionFraction: 0.1,
      maxExposureFraction: 0.5,
      dailyLossFraction: 0.05,
      maxDrawdownFraction: 0.15,
      maxOpenPositions: 5,
      minRewardToRisk: 2,
      entrySlippageFraction: 0.001,
    });
  });

  test.each([
    { riskFraction: 0 },
    { riskFraction: 1.01 },
    { maxPositionFraction: -0.1 },
    { maxOpenPositions: 0 },
    { maxOpenPositions: 1.5 },
    { entrySlippageFraction: 0.2 },
    { dailyLossFraction: '0.05' },
    { maxLoss: 0.1 },
  ])('%j is refused', (value) => {
    expect(riskLimitsSchema.safeParse(value).success).toBe(false);
  });
});

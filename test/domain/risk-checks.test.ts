import fc from 'fast-check';
import { isPositive, ONE } from '../../domain/decimal';
import { RefusalCode } from '../../domain/errors';
import { riskLimitsSchema, sizePosition, type Proposal, type RiskSnapshot } from '../../domain/risk';
import { checksOfGrant, checksOfRefusal } from '../../domain/risk-checks';
import { BTC, d } from './fixtures';

const limits = riskLimitsSchema.parse({});
const proposal: Proposal = {
  ...{ symbol: BTC.symbol, referencePrice: d('100'), stopPrice: d('95'), targetPrice: d('120') },
  trailDistance: null,
};
const snapshot: RiskSnapshot = {
  ...{ equity: d('10000'), equityAtDayStart: d('10100'), peakEquity: d('10500'), freeQuote: d('10000') },
  ...{ exposure: d('2000'), openPositions: 2, mode: 'ACTIVE' },
};

describe("risk's checks, told afterwards", () => {
  it('of a grant are all passed, with what each compared', () => {
    const verdict = sizePosition({ proposal, snapshot, limits, instrument: BTC });
    if (!verdict.approved) throw new Error(verdict.message);
    const facts = { limits, snapshot, instrument: BTC, intent: verdict.intent, sizeFactor: d('0.5') };
    const checks = checksOfGrant(facts);
    expect(new Set(checks.map(({ outcome }) => outcome))).toEqual(new Set(['passed']));
    const text = new Map(checks.map((check) => [check.name, check.text]));
    expect(text.get('mode')).toBe('the account was ACTIVE');
    expect(text.get('drawdown')).toBe('4.76 % below the peak, less than 15.00 %');
    expect(text.get('daily loss')).toBe("0.99 % below the day's start, less than 5.00 %");
    expect(text.get('open positions')).toBe('2 were open, of at most 5');
    expect(text.get('reward to risk')).toMatch(/^3\.\d\d? after fees, of at least 2: stop 95, target 120$/);
    expect(text.get('size')).toMatch(
      /^9\.99\d* BTC, 0\.5 of what it could have been: loses .* USDT at the stop, 0\.5\d % of equity \(at most 1\.00 %\); is worth (10\.00|9\.99) %/,
    );
  });

  it('of a refusal say which one failed, which came before it and which were never made', () => {
    const outcomes = (change: Partial<RiskSnapshot>) => {
      const verdict = sizePosition({
        proposal,
        snapshot: { ...snapshot, ...change },
        limits,
        instrument: BTC,
      });
      if (verdict.approved) throw new Error('It was granted.');
      const failed = checksOfRefusal(verdict).find(({ outcome }) => outcome === 'failed');
      return failed && { name: failed.name, isTold: failed.text === verdict.message };
    };
    expect(outcomes({ mode: 'HALTED' })).toEqual({ name: 'mode', isTold: true });
    expect(outcomes({ peakEquity: d('20000') })).toEqual({ name: 'drawdown', isTold: true });
    expect(outcomes({ equityAtDayStart: d('10526.4') })).toEqual({ name: 'daily loss', isTold: true });
    expect(outcomes({ openPositions: 5 })).toEqual({ name: 'open positions', isTold: true });
    expect(outcomes({ freeQuote: d('1') })).toEqual({ name: 'size', isTold: true });
    const first = checksOfRefusal({ code: RefusalCode.NotActive, message: 'm' });
    expect(first.map(({ outcome }) => outcome)).toEqual([
      ...['passed', 'passed', 'failed'],
      ...Array.from({ length: 6 }, () => 'not-reached'),
    ]);
    expect(checksOfRefusal({ code: 'panel-veto', message: 'm' })).toEqual([]);
  });

  it.each([RefusalCode.LaneSuperseded, RefusalCode.Paused])(
    'of a lane that may open nothing (%s) say so, and that nothing else was reached',
    (code) => {
      const [lane, ...rest] = checksOfRefusal({ code, message: 'm' });
      expect(lane).toEqual({ name: 'lane', outcome: 'failed', text: 'm' });
      expect(new Set(rest.map(({ outcome }) => outcome))).toEqual(new Set(['not-reached']));
      expect(rest).toHaveLength(9);
    },
  );

  it('name one for every refusal that sizing can make', () => {
    const amount = fc.integer({ min: 0, max: 20_000 }).map((whole) => d(String(whole)));
    const stop = fc.integer({ min: -5, max: 110 }).map((whole) => d(String(whole)));
    const codes = new Set<string>();
    fc.assert(
      fc.property(amount, amount, amount, amount, stop, (equity, peak, free, exposure, stopPrice) => {
        fc.pre(isPositive(equity) && isPositive(peak));
        const state = { ...snapshot, equity, peakEquity: peak, freeQuote: free, exposure };
        const verdict = sizePosition({
          ...{ proposal: { ...proposal, stopPrice }, snapshot: state, limits, instrument: BTC },
        });
        if (verdict.approved) {
          const facts = { limits, snapshot: state, instrument: BTC, intent: verdict.intent, sizeFactor: ONE };
          expect(checksOfGrant(facts).every(({ text }) => text !== null && text !== '')).toBe(true);
          return;
        }
        codes.add(verdict.code);
        expect(checksOfRefusal(verdict).filter(({ outcome }) => outcome === 'failed')).toHaveLength(1);
      }),
    );
    expect(codes.size).toBeGreaterThan(3);
  });
});

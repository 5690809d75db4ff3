import fc from 'fast-check';
import { Account } from '../../backtest/account';
import { ceilTimes, floorDivide, floorTimes, ratioOf } from '../../backtest/integers';
import { manageAtClose, type CloseAction } from '../../backtest/manage';
import { RiskMarks } from '../../backtest/risk-marks';
import { exactGrant, quickGrant } from '../../backtest/risk-sizing';
import { decimalOf, Scale } from '../../backtest/scale';
import { add, compare, divide, floorTo, fromNumber, multiply } from '../../domain/decimal';
import { markEquity, type EquityState } from '../../domain/equity';
import { columnsOf } from '../../domain/bar-columns';
import type { Instrument } from '../../domain/instrument';
import { managePosition } from '../../domain/management';
import { riskLimitsSchema } from '../../domain/risk';
import { COIN, d } from './support';

fc.configureGlobal({ seed: 20_240_808, numRuns: 500 });

/** Pairs as exchanges have them: dear and cheap, fine and coarse. */
const instruments: readonly Instrument[] = [
  COIN,
  { ...COIN, tickSize: d('0.01'), stepSize: d('0.00001'), minQuantity: d('0.00001') },
  { ...COIN, tickSize: d('0.00001'), stepSize: d('1'), minQuantity: d('1'), takerFee: d('0.00075') },
  { ...COIN, tickSize: d('0.5'), stepSize: d('0.1'), minQuantity: d('0.1'), takerFee: d('0') },
];
const anyInstrument = fc.constantFrom(...instruments);

describe('integers', () => {
  const safe = fc.integer({ min: -(2 ** 52), max: 2 ** 52 });

  it('divide as BigInt does', () => {
    fc.assert(
      fc.property(safe, fc.integer({ min: 1, max: 2 ** 40 }), (value, divisor) => {
        const exact = BigInt(value) / BigInt(divisor);
        const down = BigInt(value) % BigInt(divisor) < 0n ? exact - 1n : exact;
        expect(BigInt(floorDivide(value, divisor))).toBe(down);
      }),
    );
  });

  it('take parts as decimals do, rounded up and down', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 2 ** 50 }),
        fc.integer({ min: 0, max: 99_999 }),
        (units, hundredThousandths) => {
          const rate = d((hundredThousandths / 100_000).toFixed(5));
          const exact = multiply(d(String(units)), rate);
          const whole = Number(divide(exact, d('1'), 0));
          expect(floorTimes(units, ratioOf(rate))).toBe(whole);
          expect(ceilTimes(units, ratioOf(rate))).toBe(exact.includes('.') ? whole + 1 : whole);
        },
      ),
    );
  });
});

describe('a scale', () => {
  it('gives prices and quantities that read like their decimals, and money that is their product', () => {
    fc.assert(
      fc.property(
        anyInstrument,
        fc.nat({ max: 1_000_000 }),
        fc.nat({ max: 1_000 }),
        (instrument, ticks, lots) => {
          const scale = new Scale(instrument);
          const price = multiply(d(String(ticks)), instrument.tickSize);
          const quantity = multiply(d(String(lots)), instrument.stepSize);
          expect([scale.price(ticks), scale.quantity(lots)]).toEqual([Number(price), Number(quantity)]);
          expect([scale.ticksUp(Number(price)), scale.ticksDown(Number(price))]).toEqual([ticks, ticks]);
          expect(scale.lotsIn(Number(quantity))).toBe(lots);
          expect(decimalOf(scale.notional(ticks, lots))).toBe(multiply(price, quantity));
        },
      ),
    );
  });

  it('counts what is worth less than ninety million exactly, however fine its ticks and lots, and refuses the rest', () => {
    const fine = { ...COIN, tickSize: d('0.00000001'), stepSize: d('0.00001') };
    const scale = new Scale(fine);
    const limit = multiply(d(String(Number.MAX_SAFE_INTEGER)), d('0.00000001'));
    const upTo = (max: number) => fc.integer({ min: 0, max });
    let counted = 0;
    fc.assert(
      fc.property(upTo(2 ** 44), upTo(2 ** 30), (ticks, lots) => {
        const worth = multiply(
          multiply(d(String(ticks)), fine.tickSize),
          multiply(d(String(lots)), fine.stepSize),
        );
        if (compare(worth, limit) > 0) expect(() => scale.notional(ticks, lots)).toThrow('ninety million');
        else {
          counted += 1;
          const halfUp = floorTo(add(worth, d('0.000000005')), d('0.00000001'));
          expect(decimalOf(scale.notional(ticks, lots))).toBe(halfUp);
        }
      }),
    );
    expect([counted > 50, counted < 450]).toEqual([true, true]);
  });

  it('refuses what it could not count exactly', () => {
    const scale = new Scale(COIN);
    expect(() => scale.notional(100_000_000, 200_000)).toThrow('ninety million');
    expect(() => new Scale({ ...COIN, tickSize: d('0.000000001') })).toThrow('0.000000001');
  });
});

it('positions are managed as managePosition manages them', () => {
  const cents = fc.integer({ min: 5_000, max: 15_000 });
  const scene = fc.record({
    stop: cents,
    target: cents,
    close: cents,
    above: fc.nat({ max: 3_000 }),
    trail: fc.option(fc.integer({ min: 1, max: 4_000_000 }), { nil: null }),
    openTimeMs: fc.integer({ min: 0, max: 100 }),
    openedAtMs: fc.integer({ min: 0, max: 100 }),
    maxHoldingMs: fc.option(fc.integer({ min: 1, max: 100 }), { nil: null }),
    strategyExit: fc.boolean(),
  });
  const kinds = new Map<string, number>();
  fc.assert(
    fc.property(scene, (at) => {
      const price = (inCents: number): number => inCents / 100;
      const distance = at.trail === null ? null : at.trail / 1_000;
      const bar = {
        openTimeMs: at.openTimeMs,
        open: price(at.close),
        high: price(at.close + at.above),
        low: price(at.close),
        close: price(at.close),
        volume: 1,
      };
      const expected = managePosition({
        position: {
          entryPrice: d('100'),
          stopPrice: fromNumber(price(at.stop), 8),
          targetPrice: fromNumber(price(at.target), 8),
          trailDistance: distance === null ? null : fromNumber(distance, 8),
          openedAtMs: at.openedAtMs,
        },
        newBars: [bar],
        strategyExit: at.strategyExit,
        maxHoldingMs: at.maxHoldingMs,
        instrument: COIN,
      });
      const scale = new Scale(COIN);
      const action = manageAtClose(
        {
          direction: 1,
          openedAtMs: at.openedAtMs,
          stopTicks: at.stop,
          target: price(at.target),
          trailUnits: distance === null ? 0 : Math.round(distance * 1e8),
          maxHoldingMs: at.maxHoldingMs ?? Infinity,
        },
        columnsOf([bar]),
        0,
        at.strategyExit,
        scale,
      );
      kinds.set(action.kind, (kinds.get(action.kind) ?? 0) + 1);
      expect(told(action, scale)).toEqual(expected);
    }),
    { numRuns: 2_000, seed: 2026 },
  );
  expect([...kinds.keys()].sort()).toEqual(['exit', 'none', 'trail']);
});

const told = (action: CloseAction, scale: Scale): unknown =>
  action.kind === 'trail'
    ? { kind: 'trail', stopPrice: fromNumber(scale.price(action.stopTicks), 8) }
    : action;

it('losses are measured as markEquity measures them', () => {
  const step = fc.record({
    hours: fc.integer({ min: 0, max: 30 }),
    equity: fc.integer({ min: 1, max: 1e12 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const [first] = steps;
      const account = new Account(first?.equity ?? 1);
      const marks = new RiskMarks(account);
      let state: EquityState | null = null;
      let timeMs = 0;
      for (const { hours, equity } of steps) {
        timeMs += hours * 3_600_000;
        account.cash = equity;
        marks.mark(timeMs);
        state = markEquity(state, decimalOf(equity), timeMs);
      }
      expect([marks.equity, marks.equityAtDayStart, marks.peakEquity].map(decimalOf)).toEqual([
        state?.equity,
        state?.equityAtDayStart,
        state?.peakEquity,
      ]);
    }),
  );
});

it('risk is granted as sizePosition grants it, or left to it', () => {
  const plan = fc.record({
    price: fc.integer({ min: 100, max: 9_000_000 }),
    stopPart: fc.double({ min: 0.001, max: 0.3, noNaN: true }),
    reward: fc.double({ min: 0.5, max: 6, noNaN: true }),
    trail: fc.option(fc.double({ min: 0, max: 50, noNaN: true }), { nil: null }),
  });
  const account = fc.record({
    cash: fc.integer({ min: 1e8, max: 1e13 }),
    reserved: fc.double({ min: 0, max: 1, noNaN: true }),
    held: fc.double({ min: 0, max: 1, noNaN: true }),
    lost: fc.double({ min: 0, max: 0.2, noNaN: true }),
    lostToday: fc.double({ min: 0, max: 0.06, noNaN: true }),
    openPositions: fc.integer({ min: 0, max: 6 }),
  });
  const answers = new Map<string, number>();
  fc.assert(
    fc.property(anyInstrument, plan, account, (instrument, { price, stopPart, reward, trail }, money) => {
      const scale = new Scale(instrument);
      const books = new Account(money.cash);
      books.reserved = Math.floor(money.cash * money.reserved * 0.3);
      const marks = new RiskMarks(books);
      marks.equity = money.cash;
      marks.peakEquity = Math.round(money.cash / (1 - money.lost));
      marks.equityAtDayStart = Math.round(money.cash / (1 - money.lostToday));
      const referencePrice = scale.price(price);
      const parts = {
        account: books,
        marks,
        limits: riskLimitsSchema.parse({}),
        atStake: () => ({
          held: Math.floor(money.cash * money.held * 0.5),
          underWay: 0,
          openPositions: money.openPositions,
        }),
      };
      const proposal = {
        side: 'long' as const,
        referencePrice,
        stopPrice: referencePrice * (1 - stopPart),
        targetPrice: referencePrice * (1 + stopPart * reward),
        trailDistance: trail,
      };
      const quick = quickGrant(parts, proposal, scale);
      const exact = exactGrant(parts, proposal, scale);
      const key = quick === undefined ? 'left' : quick.kind === 'refused' ? quick.code : quick.kind;
      answers.set(key, (answers.get(key) ?? 0) + 1);
      if (quick !== undefined) expect(quick).toEqual(exact);
    }),
    { numRuns: 1_500 },
  );
  expect([...answers.keys()]).toEqual(
    expect.arrayContaining(['granted', 'reward-to-risk', 'drawdown', 'daily-loss', 'max-open-positions']),
  );
  expect(answers.get('left') ?? 0).toBeLessThan(75);
});

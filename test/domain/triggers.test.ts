import { riskLimitsSchema } from '../../domain/risk';
import {
  firstTrigger,
  MIN_UNREACHED_REQUESTS,
  TriggerCode,
  triggerLimitsSchema,
  type FailureStreak,
  type Observations,
  type TriggerLimits,
} from '../../domain/triggers';
import { d } from './fixtures';

const risk = riskLimitsSchema.parse({ dailyLossFraction: 0.05, maxDrawdownFraction: 0.15 });
const triggers = triggerLimitsSchema.parse({
  exchangeUnreachableMs: 30_000,
  consecutiveApiFailures: 20,
  flashCrash: { fraction: 0.1, withinMs: 300_000 },
  orderFlood: { orders: 80, withinMs: 10_000 },
  dailyLossAlarmFraction: 0.9,
  staleDataMs: 300_000,
  missingStopMs: 60_000,
  reconciliationMismatch: 'missing-coins',
});

const quiet: Observations = {
  ...{ streaks: [], prices: [], ordersSent: 0, marks: null, dataAges: [], unguarded: [], findings: [] },
};

const streak = (part: Partial<FailureStreak>): Observations => ({
  ...quiet,
  streaks: [
    { kind: 'any', failures: 1, firstFailedMs: 1_000, lastFailedMs: 1_000, message: 'ECONNREFUSED', ...part },
  ],
});
const silentFor = (ms: number, failures = MIN_UNREACHED_REQUESTS): Observations =>
  streak({ failures, lastFailedMs: 1_000 + ms });
const failed = (failures: number): Observations => streak({ kind: 'trade', failures });
const fallenTo = (now: string): Observations => ({
  ...quiet,
  prices: [
    { symbol: 'ETH/USDT', highest: d('2000'), now: d('2000') },
    { symbol: 'BTC/USDT', highest: d('100000'), now: d(now) },
  ],
});
const sent = (ordersSent: number): Observations => ({ ...quiet, ordersSent });
const marked = (equity: string, peak = '10000', dayStart = '10000'): Observations => ({
  ...quiet,
  marks: { equity: d(equity), equityAtDayStart: d(dayStart), peakEquity: d(peak) },
});
const aged = (ageMs: number): Observations => ({
  ...quiet,
  dataAges: [
    { symbol: 'ETH/USDT', ageMs: 2_000 },
    { symbol: 'BTC/USDT', ageMs },
  ],
});
const unguardedFor = (forMs: number): Observations => ({ ...quiet, unguarded: [{ positionId: 'p', forMs }] });
const found = (...missing: readonly boolean[]): Observations => ({
  ...quiet,
  findings: missing.map((missingCoins) => ({
    missingCoins,
    text: missingCoins ? '1 BTC is missing' : 'a stranger',
  })),
});

const { Drawdown, DailyLossAlarm, DailyLoss, MissingStop, FlashCrash, OrderFlood } = TriggerCode;
const { ExchangeUnreachable, ApiFailures, StaleData, Mismatch } = TriggerCode;

interface Row {
  readonly code: TriggerCode;
  readonly below: Observations;
  readonly at: Observations;
  readonly above: Observations;
  /** What switches it off; undefined for those that cannot be. */
  readonly off: Partial<TriggerLimits> | undefined;
  readonly says: RegExp;
}

const alarmOff = { dailyLossAlarmFraction: null };
const rows: readonly Row[] = [
  {
    code: Drawdown,
    below: marked('8500.01', '10000', '8600'),
    at: marked('8500', '10000', '8600'),
    above: marked('8499.99', '10000', '8600'),
    off: undefined,
    says: /^Equity 8500 is 15\.00 % below its peak 10000; the drawdown limit is 15\.00 %\.$/,
  },
  {
    code: DailyLossAlarm,
    below: marked('9550.01'),
    at: marked('9550'),
    above: marked('9549.99'),
    off: alarmOff,
    says: /^Equity 9550 is 4\.50 % below the day's start 10000, and 4\.50 % is 90\.00 % of the daily loss limit of 5\.00 %\.$/,
  },
  {
    code: MissingStop,
    below: unguardedFor(59_999),
    at: unguardedFor(60_000),
    above: unguardedFor(60_001),
    off: { missingStopMs: null },
    says: /^Position p has had no resident stop for 60 s, though the exchange answers; the limit is 60 s\.$/,
  },
  {
    code: FlashCrash,
    below: fallenTo('90000.01'),
    at: fallenTo('90000'),
    above: fallenTo('89999.99'),
    off: { flashCrash: null },
    says: /^BTC\/USDT fell by 10\.00 %, from 100000 to 90000, within 300 s of market time; the limit is 10\.00 %\.$/,
  },
  {
    code: OrderFlood,
    below: sent(79),
    at: sent(80),
    above: sent(81),
    off: { orderFlood: null },
    says: /^80 orders were sent within 10 s; the limit is 80\.$/,
  },
  {
    code: ExchangeUnreachable,
    below: silentFor(29_999),
    at: silentFor(30_000),
    above: silentFor(30_001),
    off: { exchangeUnreachableMs: null },
    says: /^The exchange has not answered for 30 s; the limit is 30 s\. The last failure: ECONNREFUSED$/,
  },
  {
    code: ApiFailures,
    below: failed(19),
    at: failed(20),
    above: failed(21),
    off: { consecutiveApiFailures: null },
    says: /^20 requests about orders failed one after the other; the limit is 20\. The last failure: ECONNREFUSED$/,
  },
  {
    code: StaleData,
    below: aged(299_999),
    at: aged(300_000),
    above: aged(300_001),
    off: { staleDataMs: null },
    says: /^The newest bar of BTC\/USDT closed 300 s of market time ago, though the market runs; the limit is 300 s\.$/,
  },
  {
    code: Mismatch,
    below: found(false),
    at: found(false, true),
    above: found(true, true),
    off: { reconciliationMismatch: null },
    says: /^Journal and exchange disagree: 1 BTC is missing\.$/,
  },
];

const judge = (seen: Observations, change: Partial<TriggerLimits> = {}) =>
  firstTrigger(seen, { risk, triggers: { ...triggers, ...change } });

describe('a trigger', () => {
  it('is reached by none of nothing', () => {
    expect(judge(quiet)).toBeUndefined();
  });

  it.each(rows)('$code: not below its threshold, at it and above', ({ code, below, at, above, says }) => {
    expect(judge(below)).toBeUndefined();
    expect(judge(at)).toEqual({ code, action: 'halt', message: expect.stringMatching(says) as unknown });
    expect(judge(above)).toMatchObject({ code, action: 'halt' });
  });

  it.each(rows.filter(({ off }) => off !== undefined))('$code can be switched off', ({ above, off }) => {
    expect(judge(above, off)).toBeUndefined();
  });

  it('daily loss itself only reduces, when nothing raised the alarm before', () => {
    expect(judge(marked('9500.01'), alarmOff)).toBeUndefined();
    expect(judge(marked('9500'), alarmOff)).toMatchObject({ code: DailyLoss, action: 'reduce' });
    expect(judge(marked('9500'))).toMatchObject({ code: DailyLossAlarm, action: 'halt' });
  });

  it('takes an outage for one only when several requests have met it', () => {
    // One request that hung while the machine slept.
    expect(judge(silentFor(8 * 3_600_000, MIN_UNREACHED_REQUESTS - 1))).toBeUndefined();
  });

  it('counts failures by kind: those of all requests together tell of an outage only', () => {
    expect(judge(streak({ kind: 'any', failures: 1_000 }))).toBeUndefined();
    expect(judge(streak({ kind: 'market', failures: 20 }))?.code).toBe(ApiFailures);
    expect(judge(streak({ kind: 'account', failures: 20 }))?.code).toBe(ApiFailures);
  });

  it('stops for any finding when told so', () => {
    expect(judge(found(false, false), { reconciliationMismatch: 'unexplained' })?.message).toBe(
      'Journal and exchange disagree: a stranger (and 1 more).',
    );
  });

  it('names the one that loses money before those that only may', () => {
    const everything = rows.reduce((all, { above }) => ({ ...all, ...nonEmpty(above) }), quiet);
    const order = rows.map(({ code }) => code);
    const reached: TriggerCode[] = [];
    let limits = triggers;
    for (let left = rows.length; left > 0; left -= 1) {
      const marks = reached.includes(Drawdown) ? marked('9549.99').marks : marked('8499.99').marks;
      const seen = { ...everything, marks, streaks: [...silentFor(40_000).streaks, ...failed(21).streaks] };
      const code = firstTrigger(seen, { risk, triggers: limits })?.code;
      if (code === undefined) break;
      reached.push(code);
      limits = { ...limits, ...rows.find((row) => row.code === code)?.off };
    }
    expect(reached).toEqual(order);
  });
});

/** The observations that say something. */
const nonEmpty = (seen: Observations): Partial<Observations> =>
  Object.fromEntries(
    Object.entries(seen).filter(([key, value]) => value !== quiet[key as keyof Observations]),
  );

import { z } from 'zod';
import { divide, isPositive, multiply, ONE, subtract, toNumber, type DecimalString } from './decimal';
import { dailyLossFraction, type EquityState } from './equity';
import { RefusalCode } from './errors';
import { exactly, lossLimitBreach, percent, reachedLoss, type RiskLimits } from './risk';

const wallMs = z.int().min(1_000).max(86_400_000);
const marketMs = z.int().min(60_000).max(86_400_000);
const fraction = z.number().gt(0).max(1);

/** What a reconciliation has to find to stop an account: that coins of ours are gone, or anything that it cannot explain. */
export const MismatchLevel = { MissingCoins: 'missing-coins', Unexplained: 'unexplained' } as const;
export type MismatchLevel = (typeof MismatchLevel)[keyof typeof MismatchLevel];

/**
 * When an account stops by itself. Wall times tell of the machinery, market times of prices; null switches a trigger
 * off. The drawdown limit is no matter of taste: it is one of the risk limits, and always on.
 */
export const triggerLimitsSchema = z.strictObject({
  /** Wall milliseconds in which every request to the exchange went unanswered. */
  exchangeUnreachableMs: wallMs.nullable().default(30_000),
  /**
   * Requests of one kind (market data, account, orders) that failed one after the other; those of one second count once.
   * More than an outage has seconds, so that an outage is called one.
   */
  consecutiveApiFailures: z.int().min(1).max(10_000).nullable().default(40),
  /** A traded pair has fallen by this fraction from its highest price of the last `withinMs` of market time. */
  flashCrash: z
    .strictObject({ fraction, withinMs: marketMs })
    .nullable()
    .default({ fraction: 0.1, withinMs: 300_000 }),
  /** So many orders were sent within `withinMs` of wall time. */
  orderFlood: z
    .strictObject({ orders: z.int().min(1).max(100_000), withinMs: wallMs })
    .nullable()
    .default({ orders: 80, withinMs: 10_000 }),
  /** This fraction of the daily loss limit is lost. */
  dailyLossAlarmFraction: fraction.nullable().default(0.9),
  /** The newest one-minute bar of a traded pair closed so much market time ago, while the market runs. */
  staleDataMs: marketMs.nullable().default(300_000),
  /** Wall milliseconds in which a position had no resident stop, though the exchange answered. */
  missingStopMs: wallMs.nullable().default(60_000),
  /** Which findings of the last reconciliation count. */
  reconciliationMismatch: z.enum(MismatchLevel).nullable().default(MismatchLevel.MissingCoins),
});
export type TriggerLimits = Readonly<z.infer<typeof triggerLimitsSchema>>;

export const TriggerCode = {
  Drawdown: RefusalCode.Drawdown,
  DailyLossAlarm: 'daily-loss-alarm',
  MissingStop: 'missing-stop',
  FlashCrash: 'flash-crash',
  OrderFlood: 'order-flood',
  ExchangeUnreachable: 'exchange-unreachable',
  ApiFailures: 'api-failures',
  StaleData: 'stale-data',
  Mismatch: 'reconciliation-mismatch',
  DailyLoss: RefusalCode.DailyLoss,
} as const;
export type TriggerCode = (typeof TriggerCode)[keyof typeof TriggerCode];

/** HALT stops the account: everything is sold. REDUCE lets it do nothing but leave its positions. */
export const TriggerAction = { Halt: 'halt', Reduce: 'reduce' } as const;
export type TriggerAction = (typeof TriggerAction)[keyof typeof TriggerAction];

/** Requests are counted by what they are about; `any` is all of them together. */
export const RequestKind = { Any: 'any', Market: 'market', Account: 'account', Trade: 'trade' } as const;
export type RequestKind = (typeof RequestKind)[keyof typeof RequestKind];

/** Requests of one kind that failed with no success between them. Wall times. */
export interface FailureStreak {
  readonly kind: RequestKind;
  /** Those of one second count once. */
  readonly failures: number;
  readonly firstFailedMs: number;
  readonly lastFailedMs: number;
  /** What the last one said. */
  readonly message: string;
}

/** What is known about an account at one moment, since trading was last resumed. What could not be learnt is left out. */
export interface Observations {
  readonly streaks: readonly FailureStreak[];
  /** The highest price of each pair within the time of a flash crash, and the price now. */
  readonly prices: readonly {
    readonly symbol: string;
    readonly highest: DecimalString;
    readonly now: DecimalString;
  }[];
  /** Orders sent within the time of a flood. */
  readonly ordersSent: number;
  readonly marks: Pick<EquityState, 'equity' | 'equityAtDayStart' | 'peakEquity'> | null;
  /** Market milliseconds since the close of each pair's newest bar; none while the market stands still. */
  readonly dataAges: readonly { readonly symbol: string; readonly ageMs: number }[];
  /** Positions without a resident stop, and for how many wall milliseconds. */
  readonly unguarded: readonly { readonly positionId: string; readonly forMs: number }[];
  /** What the last reconciliation could not explain. */
  readonly findings: readonly { readonly missingCoins: boolean; readonly text: string }[];
}

export interface Triggered {
  readonly code: TriggerCode;
  readonly action: TriggerAction;
  /** One sentence with the figures. */
  readonly message: string;
}

interface Limits {
  readonly risk: Pick<RiskLimits, 'maxDrawdownFraction' | 'dailyLossFraction'>;
  readonly triggers: TriggerLimits;
}

interface Trigger {
  readonly action: TriggerAction;
  /** The sentence when the threshold is reached, else undefined. */
  readonly reached: (seen: Observations, limits: Limits) => string | undefined;
}

/** An outage has to show in as many requests: one that hung while the machine slept proves nothing. */
export const MIN_UNREACHED_REQUESTS = 3;

/** The one table of triggers. The first that is reached counts, so what loses money stands before what only may. */
const TRIGGERS: Readonly<Record<TriggerCode, Trigger>> = {
  [TriggerCode.Drawdown]: { action: TriggerAction.Halt, reached: lossLimit(RefusalCode.Drawdown) },
  [TriggerCode.DailyLossAlarm]: { action: TriggerAction.Halt, reached: dailyLossAlarm },
  [TriggerCode.MissingStop]: { action: TriggerAction.Halt, reached: missingStop },
  [TriggerCode.FlashCrash]: { action: TriggerAction.Halt, reached: flashCrash },
  [TriggerCode.OrderFlood]: { action: TriggerAction.Halt, reached: orderFlood },
  [TriggerCode.ExchangeUnreachable]: { action: TriggerAction.Halt, reached: exchangeUnreachable },
  [TriggerCode.ApiFailures]: { action: TriggerAction.Halt, reached: apiFailures },
  [TriggerCode.StaleData]: { action: TriggerAction.Halt, reached: staleData },
  [TriggerCode.Mismatch]: { action: TriggerAction.Halt, reached: mismatch },
  [TriggerCode.DailyLoss]: { action: TriggerAction.Reduce, reached: lossLimit(RefusalCode.DailyLoss) },
};

/** The first trigger whose threshold is reached, in the order of the table; undefined when none is. */
export function firstTrigger(seen: Observations, limits: Limits): Triggered | undefined {
  for (const code of Object.values(TriggerCode)) {
    const { action, reached } = TRIGGERS[code];
    const message = reached(seen, limits);
    if (message !== undefined) return { code, action, message };
  }
  return undefined;
}

function lossLimit(code: RefusalCode): Trigger['reached'] {
  return ({ marks }, { risk }) => {
    const breach = marks === null ? undefined : lossLimitBreach(marks, risk);
    return breach?.code === code ? breach.message : undefined;
  };
}

function dailyLossAlarm({ marks }: Observations, { risk, triggers }: Limits): string | undefined {
  const part = triggers.dailyLossAlarmFraction;
  if (part === null || marks === null) return undefined;
  const limit = multiply(exactly(risk.dailyLossFraction), exactly(part));
  if (!reachedLoss(marks.equity, marks.equityAtDayStart, limit)) return undefined;
  return `Equity ${marks.equity} is ${percent(dailyLossFraction(marks))} below the day's start ${marks.equityAtDayStart}, and ${percent(toNumber(limit))} is ${percent(part)} of the daily loss limit of ${percent(risk.dailyLossFraction)}.`;
}

function missingStop({ unguarded }: Observations, { triggers }: Limits): string | undefined {
  const limitMs = triggers.missingStopMs;
  if (limitMs === null) return undefined;
  const found = unguarded.find(({ forMs }) => forMs >= limitMs);
  if (found === undefined) return undefined;
  return `Position ${found.positionId} has had no resident stop for ${seconds(found.forMs)}, though the exchange answers; the limit is ${seconds(limitMs)}.`;
}

function flashCrash({ prices }: Observations, { triggers }: Limits): string | undefined {
  if (triggers.flashCrash === null) return undefined;
  const { fraction: limit, withinMs } = triggers.flashCrash;
  const fallen = prices.find(
    ({ highest, now }) => isPositive(highest) && isPositive(now) && reachedLoss(now, highest, exactly(limit)),
  );
  if (fallen === undefined) return undefined;
  const { symbol, highest, now } = fallen;
  const fall = toNumber(subtract(ONE, divide(now, highest)));
  return `${symbol} fell by ${percent(fall)}, from ${highest} to ${now}, within ${seconds(withinMs)} of market time; the limit is ${percent(limit)}.`;
}

function orderFlood({ ordersSent }: Observations, { triggers }: Limits): string | undefined {
  if (triggers.orderFlood === null) return undefined;
  const { orders, withinMs } = triggers.orderFlood;
  if (ordersSent < orders) return undefined;
  return `${ordersSent} orders were sent within ${seconds(withinMs)}; the limit is ${orders}.`;
}

function exchangeUnreachable({ streaks }: Observations, { triggers }: Limits): string | undefined {
  const limitMs = triggers.exchangeUnreachableMs;
  const streak = streaks.find(({ kind }) => kind === RequestKind.Any);
  if (limitMs === null || streak === undefined || streak.failures < MIN_UNREACHED_REQUESTS) return undefined;
  const forMs = streak.lastFailedMs - streak.firstFailedMs;
  if (forMs < limitMs) return undefined;
  return `The exchange has not answered for ${seconds(forMs)}; the limit is ${seconds(limitMs)}. The last failure: ${streak.message}`;
}

function apiFailures({ streaks }: Observations, { triggers }: Limits): string | undefined {
  const limit = triggers.consecutiveApiFailures;
  if (limit === null) return undefined;
  const found = streaks.find(({ kind, failures }) => kind !== RequestKind.Any && failures >= limit);
  if (found === undefined) return undefined;
  return `${found.failures} requests about ${NAMES[found.kind]} failed one after the other; the limit is ${limit}. The last failure: ${found.message}`;
}

const NAMES: Readonly<Record<RequestKind, string>> = {
  [RequestKind.Any]: 'anything',
  [RequestKind.Market]: 'market data',
  [RequestKind.Account]: 'the account',
  [RequestKind.Trade]: 'orders',
};

function staleData({ dataAges }: Observations, { triggers }: Limits): string | undefined {
  const limitMs = triggers.staleDataMs;
  if (limitMs === null) return undefined;
  const stale = dataAges.find(({ ageMs }) => ageMs >= limitMs);
  if (stale === undefined) return undefined;
  return `The newest bar of ${stale.symbol} closed ${seconds(stale.ageMs)} of market time ago, though the market runs; the limit is ${seconds(limitMs)}.`;
}

function mismatch({ findings }: Observations, { triggers }: Limits): string | undefined {
  const level = triggers.reconciliationMismatch;
  if (level === null) return undefined;
  const counted = findings.filter(({ missingCoins }) => missingCoins || level === MismatchLevel.Unexplained);
  const [first] = counted;
  if (first === undefined) return undefined;
  const more = counted.length > 1 ? ` (and ${counted.length - 1} more)` : '';
  return `Journal and exchange disagree: ${first.text}${more}.`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms % 1000 === 0 ? 0 : 1)} s`;

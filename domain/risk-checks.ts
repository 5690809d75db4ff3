import { dailyLossFraction, drawdownFraction } from './equity';
import {
  add,
  compare,
  divide,
  isPositive,
  multiply,
  ONE,
  subtract,
  toNumber,
  type DecimalString,
} from './decimal';
import { RefusalCode } from './errors';
import type { Instrument } from './instrument';
import { percent, type OrderIntent, type RiskLimits, type RiskSnapshot } from './risk';

/** What became of one of risk's checks. Those after the one that failed were never made. */
export const CheckOutcome = { Passed: 'passed', Failed: 'failed', NotReached: 'not-reached' } as const;
export type CheckOutcome = (typeof CheckOutcome)[keyof typeof CheckOutcome];

export interface RiskCheck {
  readonly name: string;
  readonly outcome: CheckOutcome;
  /** What it compared, for people; null where the numbers were not recorded. */
  readonly text: string | null;
}

/** What a grant rested on, as it was recorded. */
export interface GrantFacts {
  readonly limits: RiskLimits;
  readonly snapshot: RiskSnapshot;
  readonly instrument: Instrument;
  readonly intent: Pick<
    OrderIntent,
    'quantity' | 'limitPrice' | 'stopPrice' | 'targetPrice' | 'reservedQuote' | 'riskQuote'
  >;
  /** What the panel let through of the size. */
  readonly sizeFactor: DecimalString;
}

interface Check {
  readonly name: string;
  /** Refusals that say that it failed. */
  readonly codes: readonly RefusalCode[];
  readonly told: (facts: GrantFacts) => string;
}

/** In the order in which a grant and {@link sizePosition} make them. */
const CHECKS: readonly Check[] = [
  {
    name: 'session',
    codes: [RefusalCode.StaleData],
    told: () => 'the session that it was decided in is the current one',
  },
  {
    name: 'one at a time',
    codes: [RefusalCode.AlreadyInPosition],
    told: () => 'the strategy held nothing of this pair',
  },
  {
    name: 'mode',
    codes: [RefusalCode.NotActive],
    told: ({ snapshot }) => `the account was ${snapshot.mode}`,
  },
  {
    name: 'drawdown',
    codes: [RefusalCode.Drawdown],
    told: ({ snapshot, limits }) =>
      `${percent(drawdownFraction(snapshot))} below the peak, less than ${percent(limits.maxDrawdownFraction)}`,
  },
  {
    name: 'daily loss',
    codes: [RefusalCode.DailyLoss],
    told: ({ snapshot, limits }) =>
      `${percent(dailyLossFraction(snapshot))} below the day's start, less than ${percent(limits.dailyLossFraction)}`,
  },
  {
    name: 'open positions',
    codes: [RefusalCode.MaxOpenPositions],
    told: ({ snapshot, limits }) =>
      `${snapshot.openPositions} were open, of at most ${limits.maxOpenPositions}`,
  },
  {
    name: 'stop',
    codes: [RefusalCode.InvalidStop],
    told: ({ intent }) => `${intent.stopPrice}, below the entry limit ${intent.limitPrice}`,
  },
  {
    name: 'reward to risk',
    codes: [RefusalCode.RewardToRisk],
    told: ({ limits, ...facts }) =>
      `${rewardToRisk(facts)} after fees, of at least ${limits.minRewardToRisk}: stop ${facts.intent.stopPrice}, target ${facts.intent.targetPrice}`,
  },
  {
    name: 'size',
    codes: [
      RefusalCode.MaxExposure,
      RefusalCode.InsufficientFunds,
      RefusalCode.MaxPosition,
      RefusalCode.BelowMinimum,
    ],
    told: sizeText,
  },
];

/** Of the check that is made before all of {@link CHECKS} when a fast lane asks: is it the current one, and may it open positions. */
const LANE_CODES: readonly RefusalCode[] = [RefusalCode.LaneSuperseded, RefusalCode.Paused];

/** Whether a refusal is about the lane that asked. */
export const isOfLane = (code: string): boolean => LANE_CODES.some((one) => one === code);

/** What risk checked when it granted an entry, with what it compared. */
export const checksOfGrant = (facts: GrantFacts): readonly RiskCheck[] =>
  CHECKS.map(({ name, told }) => ({ name, outcome: CheckOutcome.Passed, text: told(facts) }));

/**
 * What risk checked until it refused an entry. The numbers of a refusal are in its message.
 * @returns none for a code that is none of a grant's
 */
export function checksOfRefusal({
  code,
  message,
}: {
  readonly code: string;
  readonly message: string;
}): readonly RiskCheck[] {
  if (isOfLane(code)) {
    const rest = CHECKS.map(({ name }) => ({ name, outcome: CheckOutcome.NotReached, text: null }));
    return [{ name: 'lane', outcome: CheckOutcome.Failed, text: message }, ...rest];
  }
  const failed = CHECKS.findIndex(({ codes }) => codes.some((one) => one === code));
  if (failed < 0) return [];
  return CHECKS.map(({ name }, at) => {
    if (at < failed) return { name, outcome: CheckOutcome.Passed, text: null };
    if (at > failed) return { name, outcome: CheckOutcome.NotReached, text: null };
    return { name, outcome: CheckOutcome.Failed, text: message };
  });
}

/** As risk computes it, from the same rounded prices. */
function rewardToRisk({ intent, instrument }: Pick<GrantFacts, 'intent' | 'instrument'>): string {
  const { limitPrice, targetPrice, riskQuote, quantity } = intent;
  const cost = multiply(limitPrice, add(ONE, instrument.takerFee));
  const reward = subtract(multiply(targetPrice, subtract(ONE, instrument.takerFee)), cost);
  return isPositive(riskQuote) ? divide(multiply(reward, quantity), riskQuote, 2) : 'not known';
}

function sizeText({ intent, limits, snapshot, instrument, sizeFactor }: GrantFacts): string {
  const share = (amount: DecimalString): string =>
    isPositive(snapshot.equity) ? percent(toNumber(divide(amount, snapshot.equity))) : '–';
  const notional = multiply(intent.quantity, intent.limitPrice);
  const smaller = compare(sizeFactor, ONE) === 0 ? '' : `, ${sizeFactor} of what it could have been`;
  return [
    `${intent.quantity} ${instrument.base}${smaller}: loses ${intent.riskQuote} ${instrument.quote} at the stop, ${share(intent.riskQuote)} of equity (at most ${percent(limits.riskFraction)})`,
    `is worth ${share(notional)} (at most ${percent(limits.maxPositionFraction)})`,
    `with the rest ${share(add(snapshot.exposure, notional))} (at most ${percent(limits.maxExposureFraction)})`,
  ].join('; ');
}

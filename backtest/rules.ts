import { z } from 'zod';
import { riskLimitsSchema } from '../domain/risk';

const fraction = z.number().min(0).max(1);
const share = z.number().gt(0).max(1);

/** Limits of an account that hold however its entries are sized. Fractions are of equity at the last close. */
export const accountLimitsSchema = riskLimitsSchema
  .pick({ dailyLossFraction: true, maxDrawdownFraction: true, maxOpenPositions: true })
  .extend({
    /** Notional of all positions together; what is leveraged may be worth more than the account. */
    maxExposureFraction: z.number().gt(0).max(125).default(riskLimitsSchema.parse({}).maxExposureFraction),
  });
export type AccountLimits = Readonly<z.infer<typeof accountLimitsSchema>>;

/**
 * How orders become trades. The defaults are the plain reading of design section 7 on data that holds bars and nothing else:
 * taker orders fill at the next open without spread, slippage or delay.
 */
export const backtestRulesSchema = z.strictObject({
  /** How much an entry buys. */
  sizing: z
    .discriminatedUnion('kind', [
      /**
       * This part of the free cash when the entry fills, its fee included; with leverage, as its margin. `limits` refuse an entry
       * at its decision, and exposure makes it smaller; null or absent, there are none.
       */
      z.strictObject({
        kind: z.literal('cash-fraction'),
        fraction: share,
        limits: accountLimitsSchema.nullable().optional(),
      }),
      /** As live trading: every limit of the account is checked at the decision. Spot only. */
      z.strictObject({ kind: z.literal('risk'), limits: riskLimitsSchema.prefault({}) }),
    ])
    .prefault({ kind: 'risk' }),
  /** `market` at the next open; `limit` at the limit that sizing by risk sets, for `ttlBars` bars, as live trading does. */
  entry: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('market') }),
      z.strictObject({ kind: z.literal('limit'), ttlBars: z.int().min(1).default(1) }),
    ])
    .prefault({ kind: 'market' }),
  /** Stop and target stand where the signal put them, or at the same relative distance from the price of the fill. */
  bracketFrom: z.enum(['reference', 'fill']).default('reference'),
  /** A target is a resting order that fills inside a bar, or (as live trading on spot does) is looked at when a bar closes. */
  targets: z.enum(['intrabar', 'close']).default('intrabar'),
  /** What is taken to come first when one bar reaches both stop and target and no finer bars tell. */
  firstOfBoth: z.enum(['stop', 'target']).default('stop'),
  /** Between bid and ask, as a fraction of the price; a taker pays half of it. */
  spreadFraction: fraction.default(0),
  slippage: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('none') }),
      /** Against the order, of the price. */
      z.strictObject({ kind: z.literal('fixed'), fraction }),
      /** `impact × (quantity / volume of the bar)²` of the price, as zipline has it. */
      z.strictObject({ kind: z.literal('volume-share'), impact: z.number().min(0).default(0.1) }),
      /** The levels of the recorded book that the order takes, spread included. */
      z.strictObject({ kind: z.literal('book') }),
    ])
    .prefault({ kind: 'none' }),
  /** The most of a bar's volume that one order may take; the rest waits for the next bar. Null: any amount. */
  participation: share.nullable().default(null),
  /** From the decision to when an order may fill: at the first open (of the finest bars there are) that is not before. */
  latencyMs: z.number().min(0).default(0),
  /** The same in whole bars beyond the next. */
  latencyBars: z.int().min(0).default(0),
  /** Keep equity at the close of every bar, not only at midnights. */
  equityPerBar: z.boolean().default(false),
});
export type BacktestRules = Readonly<z.infer<typeof backtestRulesSchema>>;

/** A perpetual future with isolated margin. */
export const perpetualSchema = z.strictObject({
  leverage: z.number().min(1).max(125).default(1),
  /** Of the notional: below this the exchange takes the position over. */
  maintenanceMarginFraction: z.number().min(0).max(0.5).default(0.005),
  /** Of the notional, taken on liquidation from what is left of the margin. */
  liquidationFeeFraction: z.number().min(0).max(0.1).default(0.0125),
});
export type PerpetualTerms = Readonly<z.infer<typeof perpetualSchema>>;

import type { z } from 'zod';
import type { Bar, Timeframe } from './bar';

/** One reason of a decision: a stable code for programs, a sentence for people, the numbers behind both. */
export interface Reason {
  readonly code: string;
  readonly text: string;
  readonly values?: Readonly<Record<string, number>>;
}

/** What a strategy may look at: closed bars only, oldest first, and whether it already holds this symbol. */
export interface BarView {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly bars: readonly Bar[];
  readonly holding: boolean;
}

export const SignalKind = { Hold: 'hold', Enter: 'enter', Exit: 'exit' } as const;
export type SignalKind = (typeof SignalKind)[keyof typeof SignalKind];

/**
 * What a strategy wants. Prices are in quote units and not yet rounded. `enter` is long, with its protective stop below
 * and its target above the reference price (the close of the newest bar); `trailDistance`, when given, lets the stop
 * follow the highest close at that distance.
 */
export type Signal =
  | { readonly kind: typeof SignalKind.Hold; readonly reasons: readonly Reason[] }
  | {
      readonly kind: typeof SignalKind.Enter;
      readonly reasons: readonly Reason[];
      readonly referencePrice: number;
      readonly stopPrice: number;
      readonly targetPrice: number;
      readonly trailDistance: number | null;
    }
  | { readonly kind: typeof SignalKind.Exit; readonly reasons: readonly Reason[] };

/**
 * A strategy: pure and deterministic. The same code decides live, in replay and in a backtest.
 * `P` is what its zod schema produces.
 */
export interface Strategy<P> {
  readonly id: string;
  /** One sentence for `ballast strategies`. */
  readonly summary: string;
  readonly parameters: z.ZodType<P>;
  /** Bars it needs before it may say anything but hold. */
  warmupBars(parameters: P): number;
  onBar(view: BarView, parameters: P): Signal;
}

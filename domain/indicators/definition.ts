import type { BarColumns } from '../bar-columns';
import type { IndicatorKind, ParsedSpec } from './spec';
import type { StreamingIndicator } from './streaming';

/** One kind of indicator: what it puts out and how. All functions are pure; specs are checked before they come here. */
export interface IndicatorDefinition<K extends IndicatorKind> {
  readonly kind: K;
  /** One line: what it says and in what unit. */
  readonly summary: string;
  /** Names of the outputs, in the order in which `compute` and `stream` give them. */
  readonly outputs: readonly string[];
  /** Bars before the first one at which the outputs are defined (all of them begin at the same bar). */
  lookback(spec: ParsedSpec<K>): number;
  /**
   * How many bars must precede one for its outputs not to depend on where the data begins: exactly for windows (to
   * rounding), for smoothings to a weight of 1e-12 of what came before. Infinity for what sums up from the start.
   * @param barMs the length of a bar, for what goes by the clock
   */
  settlingBars(spec: ParsedSpec<K>, barMs: number): number;
  /** One array per output, each as long as the bars, NaN until defined. */
  compute(columns: BarColumns, spec: ParsedSpec<K>): readonly Float64Array[];
  stream(spec: ParsedSpec<K>): StreamingIndicator;
}

/** What a smoothing that keeps this share of its past per bar has left of it after settling. */
const SETTLED_WEIGHT = 1e-12;

/** Bars until a smoothing that keeps `keep` of its past per bar has forgotten it. */
export const settlingOf = (keep: number): number =>
  keep <= 0 ? 0 : Math.ceil(Math.log(SETTLED_WEIGHT) / Math.log(keep));

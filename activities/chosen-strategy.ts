import { withinTime } from '../adapters/strategies/time-limit';
import { UserError } from '../domain/errors';
import type { ObservationNeed, ObservationsOf } from '../domain/observations';
import { SignalKind, type Decision, type PositionSide, type Reason } from '../domain/strategy';
import type { BarNeed, BarsOf, BarSource } from '../domain/strategy-columns';
import type { StrategyCatalogue } from '../domain/strategies/catalogue';
import type { FilterSettings } from '../domain/strategies/filters/filter';
import { prepareFilters } from '../domain/strategies/filters/registry';
import { withFilters } from '../domain/strategies/filters/with-filters';
import { decideOnWindow } from '../domain/strategies/decide';
import { liveRefusal } from '../domain/strategies/quotes';

/** Which strategy is to decide, as its workflow says. */
export interface StrategyChoice {
  readonly strategyId: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** What its entries have to pass. */
  readonly filters?: readonly FilterSettings[];
  /** Id of the model that advises on its positions. */
  readonly adviser?: string;
  /** The version that was started; absent for built-in ones. */
  readonly strategyVersion?: string;
}

/** A strategy that is to decide on bars of `own`. */
export interface ChosenStrategy {
  /** Bars that have to be there, those of `own` first. */
  readonly needs: readonly BarNeed[];
  /** Of the user's file as it was loaded; null for a built-in strategy, and for a file that could not be. */
  readonly version: string | null;
  readonly observes: readonly ObservationNeed[];
  /** The longest that it may hold, in bars; null for no limit of its own. */
  readonly maxHoldingBars: number | null;
  /** `failure` says why it could not decide; then it holds. */
  decide(
    barsOf: BarsOf,
    side: PositionSide | null,
    observationsOf: ObservationsOf,
  ): { readonly decision: Decision; readonly failure: Reason | null };
}

/** What a strategy of the user's may take for one bar. */
const DECISION_MS = 2_000;
/** Bars for the management of what is held when nobody says how many a decision needs. */
const BARS_TO_MANAGE = 500;

/**
 * Finds the strategy and prepares it. Nothing that is wrong with a strategy of the user's is thrown: it holds and says why, whatever it
 * holds keeps its stop and is managed on, and no other strategy is touched.
 */
export function chooseStrategy(
  catalogue: StrategyCatalogue,
  choice: StrategyChoice,
  own: BarSource,
): ChosenStrategy {
  let version: string | null = null;
  try {
    const strategy = withFilters(catalogue.find(choice.strategyId), prepareFilters(choice.filters ?? []));
    const prepared = strategy.parse(choice.parameters);
    version = prepared.version ?? null;
    if (version !== (choice.strategyVersion ?? version))
      return held(own, version, changed(strategy.origin?.file ?? choice.strategyId, choice, version));
    const refusal = liveRefusal(prepared);
    if (refusal !== undefined)
      return held(own, version, { code: 'quotes-not-traded', text: `No decision: ${refusal}` });
    return {
      needs: prepared.needs(own),
      version,
      observes: prepared.observes(own.symbol),
      maxHoldingBars: prepared.maxHoldingBars,
      decide: (...known) => {
        const decide = (): Decision => decideOnWindow(prepared, own, ...known);
        return prepared.version === undefined
          ? decided(decide())
          : trying(() => withinTime(DECISION_MS, decide));
      },
    };
  } catch (error) {
    return held(own, version, { code: 'strategy-not-usable', text: `No decision: ${textOf(error)}` });
  }
}

const decided = (decision: Decision) => ({ decision, failure: null });

function trying(decide: () => Decision): ReturnType<ChosenStrategy['decide']> {
  try {
    return decided(decide());
  } catch (error) {
    return failed({ code: 'strategy-failed', text: `No decision: ${textOf(error)}` });
  }
}

const failed = (failure: Reason) => ({
  decision: { kind: SignalKind.Hold, reasons: [failure] } as const,
  failure,
});

function held(own: BarSource, version: string | null, failure: Reason): ChosenStrategy {
  const needs = [{ ...own, bars: BARS_TO_MANAGE }];
  return { needs, version, observes: [], maxHoldingBars: null, decide: () => failed(failure) };
}

function changed(what: string, { strategyVersion }: StrategyChoice, found: string | null): Reason {
  const text = `No decision: ${what} is not as it was started (${strategyVersion ?? 'none'} then, ${found ?? 'none'} now); to trade by it as it is now: ballast up`;
  return { code: 'strategy-changed', text };
}

function textOf(error: unknown): string {
  if (error instanceof UserError) return `${error.message} ${error.hint ?? ''}`.trim();
  return error instanceof Error ? error.message : String(error);
}

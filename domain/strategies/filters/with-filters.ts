import { SignalKind, type Reason, type StrategyView } from '../../strategy';
import { mergeNeeds } from '../../strategy-columns';
import type { AnySignal, AnyStrategy, PreparedStrategy } from '../prepare';
import { scopeOf } from '../scope';
import type { PreparedFilter } from './filter';

/** The same strategy, whose entries have to pass these filters; its exits never do. The strategy itself if there are none. */
export const withFilters = (strategy: AnyStrategy, filters: readonly PreparedFilter[]): AnyStrategy =>
  filters.length === 0
    ? strategy
    : { ...strategy, parse: (parameters) => filtered(strategy.parse(parameters), filters) };

/** An entry that a filter has refused. */
class Refused {
  readonly kind = SignalKind.Hold;

  constructor(readonly entry: AnySignal) {}

  /** Its strategy and its filters tell. */
  because(): readonly Reason[] {
    return [];
  }
}

function filtered(strategy: PreparedStrategy, filters: readonly PreparedFilter[]): PreparedStrategy {
  const scoped = filters.map((filter, index) => ({
    filter,
    scope: scopeOf(`filter ${index + 1} ${filter.settings.id}: `),
  }));
  const needs: PreparedStrategy['needs'] = (own) =>
    mergeNeeds([strategy.needs(own), ...filters.map((filter) => filter.needs(own))]);
  const judge = (view: StrategyView, signal: AnySignal) =>
    signal.kind === SignalKind.Enter
      ? scoped.map(({ filter, scope }) => filter.judge(scope.see(view), signal.side))
      : [];
  return {
    ...strategy,
    filters: filters.map(({ settings }) => settings),
    indicators: Object.assign(
      { ...strategy.indicators },
      ...scoped.map(({ filter, scope }) => scope.declare(filter.indicators)),
    ) as PreparedStrategy['indicators'],
    needs,
    warmupBars: Math.max(strategy.warmupBars, ...filters.map(({ warmupBars }) => warmupBars)),
    onBar: (view) => {
      const signal = strategy.onBar(view);
      if (signal.kind !== SignalKind.Enter || view.position !== null) return signal;
      return judge(view, signal).every(({ allows }) => allows) ? signal : new Refused(signal);
    },
    explain: (signal, view) => {
      const asked = signal instanceof Refused ? signal.entry : signal;
      const verdicts = view.position === null ? judge(view, asked) : [];
      return [...strategy.explain(asked, view), ...verdicts.flatMap(({ reasons }) => reasons)];
    },
  };
}

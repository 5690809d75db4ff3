import type { PositionSide, StrategyView } from '../strategy';
import type { SeriesSpecs } from '../strategy-columns';

/**
 * Names of series within a larger strategy. What a part of it looks at is declared under a prefix of its own, so that two parts may use
 * the same name, and the part sees the view with the names that it gave.
 */
export interface Scope {
  /** A part's series, as the whole declares them. */
  readonly declare: (specs: SeriesSpecs) => SeriesSpecs;
  /** The view as the part sees it. It moves with the whole's. */
  readonly see: (view: StrategyView) => StrategyView;
}

export function scopeOf(prefix: string): Scope {
  // One view serves all bars, so what is made of it is made once.
  const seen = new WeakMap<StrategyView, StrategyView>();
  return {
    declare: (specs) =>
      Object.fromEntries(Object.entries(specs).map(([name, spec]) => [`${prefix}${name}`, spec])),
    see: (view) => {
      const known = seen.get(view);
      if (known !== undefined) return known;
      const own = Object.entries(view.indicators).flatMap(([name, series]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), series] as const] : [],
      );
      // All but the indicators is the whole's, as it is at the time: position and bar change under it.
      const part = Object.create(view, { indicators: { value: Object.fromEntries(own) } }) as StrategyView;
      seen.set(view, part);
      return part;
    },
  };
}

/** The same view, with something else held, or nothing. */
export const holding = (view: StrategyView, position: PositionSide | null): StrategyView =>
  Object.create(view, { position: { value: position } }) as StrategyView;

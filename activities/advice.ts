import { lastCloseMs, timeframeMs, type Timeframe } from '../domain/bar';
import { columnsOf } from '../domain/bar-columns';
import { toNumber } from '../domain/decimal';
import { UserError } from '../domain/errors';
import {
  Adjustment,
  findAdviser,
  type Advice,
  type Adviser,
  type PositionFacts,
} from '../domain/learning/adjuster';
import type { ModelSource } from '../domain/learning/model';
import { availableQuantity, type PositionView } from '../domain/position';
import type { Reason } from '../domain/strategy';
import {
  barNeeds,
  createIndicatorCache,
  observationNeeds,
  sameSource,
  seriesColumns,
  type BarNeed,
  type BarSource,
} from '../domain/strategy-columns';
import { MovingView } from '../domain/strategy-view';
import type { ActivityDeps } from './deps';
import { readObservations } from './observed-series';

interface Asked {
  readonly input: { readonly session: string; readonly barCloseMs: number; readonly adviser?: string };
  readonly own: BarSource;
  readonly position: PositionView;
}

const needsOf = ({ features }: Adviser, own: BarSource): readonly BarNeed[] =>
  barNeeds(features.series, own, features.warmupBars);

/** The bars that an adviser looks at; none when there is no adviser, or none that can be used. */
export function adviceNeeds(
  models: ModelSource,
  adviser: string | undefined,
  own: { readonly symbol: string; readonly timeframe: Timeframe },
): readonly BarNeed[] {
  if (adviser === undefined) return [];
  try {
    return needsOf(findAdviser(models, adviser, own.timeframe), own);
  } catch (error) {
    // The decision on the bar says what is wrong with it.
    if (error instanceof UserError) return [];
    throw error;
  }
}

/**
 * What the adviser says of an open position, as a reason of its decision. It is written down and nothing more: no order, stop or wish
 * depends on it, and whatever is wrong with it is a reason too.
 */
export async function adviceOn(deps: ActivityDeps, asked: Asked): Promise<readonly Reason[]> {
  const { adviser: id } = asked.input;
  const { openedAtMs, ledger } = asked.position;
  if (id === undefined || openedAtMs === null || ledger.averageEntry === null) return [];
  try {
    const adviser = findAdviser(deps.strategies.models, id, asked.own.timeframe);
    return [await ask(deps, asked, adviser, factsOf(asked, openedAtMs, toNumber(ledger.averageEntry)))];
  } catch (error) {
    return [
      { code: 'no-advice', text: `No advice: ${error instanceof Error ? error.message : String(error)}` },
    ];
  }
}

function factsOf({ input, own, position }: Asked, openedAtMs: number, entryPrice: number): PositionFacts {
  const bought = toNumber(position.quantity);
  return {
    entryPrice,
    stopPrice: toNumber(position.stopPrice),
    targetPrice: toNumber(position.targetPrice),
    // It was opened inside the first of them.
    heldBars: Math.ceil((input.barCloseMs - openedAtMs) / timeframeMs(own.timeframe)),
    held: Math.min(1, toNumber(availableQuantity(position)) / bought),
  };
}

async function ask(
  deps: ActivityDeps,
  { input, own }: Asked,
  adviser: Adviser,
  facts: PositionFacts,
): Promise<Reason> {
  const windows = await Promise.all(
    needsOf(adviser, own).map(async (need) => {
      const closeMs = lastCloseMs(input.barCloseMs, need.timeframe);
      const { symbol, timeframe, bars } = need;
      const key = { venue: deps.exchange.venue, session: input.session, symbol, timeframe };
      return { need, list: await deps.store.candles(key, closeMs, bars) };
    }),
  );
  const short = windows.find(({ need, list }) => list.length < need.bars);
  if (short !== undefined)
    return {
      code: 'no-advice',
      text: `No advice yet: ${short.list.length} of ${short.need.bars} bars of ${short.need.symbol} ${short.need.timeframe}`,
    };
  const bars = windows[0]?.list ?? [];
  const columns = new Map(windows.map(({ need, list }) => [need, columnsOf(list)]));
  const barsOf = (source: BarSource) =>
    [...columns].find(([need]) => sameSource(need, source))?.[1] ?? columnsOf([]);
  const { series } = adviser.features;
  const observed = await readObservations(deps, input, own, observationNeeds(series, own.symbol), bars);
  const view = new MovingView(
    own.symbol,
    own.timeframe,
    barsOf(own),
    seriesColumns(series, own, barsOf, createIndicatorCache(), observed),
  );
  view.moveTo(bars.length - 1);
  return told(input.adviser ?? '', adviser.advise(view, facts));
}

const TEXTS: Readonly<Record<Adjustment, string>> = {
  [Adjustment.Keep]: 'leave the position as it is',
  [Adjustment.Tighten]: 'move the stop half way to the close',
  [Adjustment.Reduce]: 'sell half of the position',
  [Adjustment.Exit]: 'leave the position',
};

const told = (model: string, { adjustment, probability }: Advice): Reason => ({
  code: `advice-${adjustment}`,
  text: `Advice of ${model}, which nobody carries out: ${TEXTS[adjustment]} (${probability.toFixed(2)})`,
  values: { probability },
});

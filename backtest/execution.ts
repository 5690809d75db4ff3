import { UserError } from '../domain/errors';
import { firstAtOrAfter, type Depth, type Ladder, type MarketData } from './market';
import type { BacktestRules } from './rules';
import type { Scale } from './scale';
import type { Place } from './tape';

/**
 * What it costs to trade. Put together once from the rules, so that a rule that is switched off is not there, rather than
 * looked at and found to be off.
 */
export interface Execution {
  /**
   * The price at which an order for `lots` is taken at that place, in ticks, spread and slippage included, rounded against the order.
   * @param reference what the bar says the market stood at
   */
  ticks(place: Place, isBuy: boolean, reference: number, lots: number): number;
  /** The most lots that one order can take at that place. */
  available(place: Place, isBuy: boolean): number;
}

/** The price with a cost added to it. */
type Cost = (price: number, place: Place, isBuy: boolean, lots: number) => number;

export function createExecution(market: MarketData, scale: Scale, rules: BacktestRules): Execution {
  const costs = costsOf(market, scale, rules);
  const rounded = (price: number, isBuy: boolean): number =>
    isBuy ? scale.ticksUp(price) : scale.ticksDown(price);
  const available = availabilityOf(market, scale, rules);
  if (costs.length === 0)
    return { ticks: (_place, isBuy, reference) => rounded(reference, isBuy), available };
  return {
    ticks: (place, isBuy, reference, lots) => {
      let price = reference;
      for (const cost of costs) price = cost(price, place, isBuy, lots);
      return rounded(price, isBuy);
    },
    available,
  };
}

function costsOf(
  market: MarketData,
  scale: Scale,
  { spreadFraction, slippage }: BacktestRules,
): readonly Cost[] {
  const costs: Cost[] = [];
  if (spreadFraction > 0) costs.push(proportional(spreadFraction / 2));
  switch (slippage.kind) {
    case 'none':
      break;
    case 'fixed':
      costs.push(proportional(slippage.fraction));
      break;
    case 'volume-share':
      costs.push(volumeShare(market, scale, slippage.impact));
      break;
    case 'book':
      costs.push(bookWalk(depthOf(market), scale));
      break;
  }
  return costs;
}

const proportional =
  (fraction: number): Cost =>
  (price, _place, isBuy) =>
    price * (isBuy ? 1 + fraction : 1 - fraction);

/** An order for a whole bar's volume or more moves the price as far as the model goes: by `impact`. */
const volumeShare =
  ({ bars }: MarketData, scale: Scale, impact: number): Cost =>
  (price, { index }, isBuy, lots) => {
    const volume = bars.volume[index] ?? 0;
    const share = volume > 0 ? Math.min(1, scale.quantity(lots) / volume) : 1;
    return price * (1 + (isBuy ? 1 : -1) * impact * share * share);
  };

function depthOf(market: MarketData): Depth {
  if (market.depth !== undefined && market.depth.timeMs.length > 0) return market.depth;
  throw new UserError(
    `There is no recorded book of ${market.instrument.symbol}, which slippage by the book needs.`,
    'Give one, or choose another slippage.',
  );
}

/**
 * How far the average price of the levels taken lies from the middle of the book in force, added to the bar's own price: a
 * snapshot knows the shape of the book, the bar knows where it stood.
 */
const bookWalk =
  (depth: Depth, scale: Scale): Cost =>
  (price, { timeMs }, isBuy, lots) => {
    const { bids, asks } = bookAt(depth, timeMs);
    const middle = ((bids[0] ?? NaN) + (asks[0] ?? NaN)) / 2;
    const average = averagePrice(isBuy ? asks : bids, scale.quantity(lots));
    return price + (average - middle);
  };

/** The book in force: the newest that is not after, else the first there is. */
function bookAt(
  { timeMs, bids, asks }: Depth,
  atMs: number,
): { readonly bids: Ladder; readonly asks: Ladder } {
  const after = firstAtOrAfter(timeMs, atMs + 1);
  const index = Math.max(0, after - 1);
  const none = new Float64Array(0);
  return { bids: bids[index] ?? none, asks: asks[index] ?? none };
}

/** Of taking `quantity` from the best level on; what no level holds is taken at the last one. */
function averagePrice(ladder: Ladder, quantity: number): number {
  let left = quantity;
  let paid = 0;
  let price = NaN;
  for (let at = 0; at < ladder.length && left > 0; at += 2) {
    price = ladder[at] ?? NaN;
    const taken = Math.min(left, ladder[at + 1] ?? 0);
    paid += taken * price;
    left -= taken;
  }
  return (paid + Math.max(0, left) * price) / quantity;
}

function availabilityOf(
  market: MarketData,
  scale: Scale,
  { participation, slippage }: BacktestRules,
): Execution['available'] {
  const { bars } = market;
  const byVolume =
    participation === null
      ? (): number => Infinity
      : ({ index }: Place): number => scale.lotsIn(participation * (bars.volume[index] ?? 0));
  if (slippage.kind !== 'book') return byVolume;
  const depth = depthOf(market);
  return (place, isBuy) => {
    const { bids, asks } = bookAt(depth, place.timeMs);
    return Math.min(byVolume(place), scale.lotsIn(quantityOf(isBuy ? asks : bids)));
  };
}

const quantityOf = (ladder: Ladder): number =>
  ladder.reduce((total, value, at) => (at % 2 === 1 ? total + value : total), 0);

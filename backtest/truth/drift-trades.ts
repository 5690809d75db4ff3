import { median, sum } from '../../domain/statistics';
import type { ClosedTrade } from '../../domain/performance/types';
import type { LiveDecision, LiveRun, LiveTrade, TestTrade } from './drift';

/** The same trade, as it was made and as the backtester makes it. Basis points are costs: above zero is worse than the test. */
export interface MatchedTrade {
  readonly symbol: string;
  /** Closes of the bars on which it was decided; they differ when it was decided late. */
  readonly liveDecidedMs: number;
  readonly testDecidedMs: number;
  readonly live: LiveTrade;
  readonly test: ClosedTrade;
  readonly entryBps: number;
  /** Null while one side has not sold, and where they left at different times: that is no slippage. */
  readonly exitBps: number | null;
  /** Null like `exitBps`. */
  readonly feeBps: number | null;
  /** How much later it was bought, and sold. */
  readonly entryDelayMs: number;
  readonly exitDelayMs: number | null;
  /** Bought quantity above that of the test, as a part of it. */
  readonly sizeDifference: number;
  /** Both have left, and for the same reason within a bar of each other. */
  readonly sameExit: boolean;
}

/** A trade that the backtest makes and the journal does not have. */
export interface MissingTrade {
  readonly symbol: string;
  readonly decidedMs: number;
  readonly test: ClosedTrade;
  readonly why: string;
}

/** A trade that the journal has and the backtest does not make. */
export interface ExtraTrade {
  readonly symbol: string;
  readonly live: LiveTrade;
}

/** What the difference cost, over the trades that both have. */
export interface DriftCost {
  readonly trades: number;
  /** Means, weighted by what was bought. Null where there is nothing to compare. */
  readonly entryBps: number | null;
  readonly exitBps: number | null;
  readonly feeBps: number | null;
  /** Entry, exit and fees of the trades that left as the test did. */
  readonly totalBps: number | null;
  /** The same in quote. */
  readonly quote: number;
  readonly medianEntryDelayMs: number | null;
}

/** What the data ended in the midst of. */
export const isOpen = ({ exitReason }: ClosedTrade): boolean => exitReason === 'end-of-data';

/** A trade that was decided so many bars later is still the same one. */
const LATE_BARS = 3;
const BPS = 10_000;

/** Finds for each trade of the backtest the one that was made: decided on the same bar, else on one of the next few. */
export function lineUp(live: LiveRun, tests: readonly TestTrade[], barMs: number) {
  const open = new Set(live.trades.filter(({ entry }) => entry !== null));
  const matched: MatchedTrade[] = [];
  const missing: MissingTrade[] = [];
  const take = (test: TestTrade, lateMs: number): boolean => {
    const found = [...open].find(
      ({ symbol, barCloseMs }) =>
        symbol === test.trade.symbol && barCloseMs >= test.decidedMs && barCloseMs <= test.decidedMs + lateMs,
    );
    if (found === undefined) return false;
    open.delete(found);
    matched.push(...match(found, test, barMs));
    return true;
  };
  const late = tests.filter((test) => !take(test, 0));
  for (const test of late) {
    if (take(test, LATE_BARS * barMs)) continue;
    const { trade, decidedMs } = test;
    missing.push({ symbol: trade.symbol, decidedMs, test: trade, why: whyMissing(live, test) });
  }
  return {
    matched: matched.sort((a, b) => a.testDecidedMs - b.testDecidedMs),
    missing,
    extra: [...open].map((trade): ExtraTrade => ({ symbol: trade.symbol, live: trade })),
  };
}

function match(live: LiveTrade, { trade, decidedMs }: TestTrade, barMs: number): readonly MatchedTrade[] {
  const { entry, exit } = live;
  if (entry === null) return [];
  const test = isOpen(trade) || exit === null ? null : { exit, closeTimeMs: trade.closeTimeMs };
  const exitDelayMs = test === null ? null : test.exit.toMs - test.closeTimeMs;
  const sameExit =
    exitDelayMs !== null && live.exitReason === trade.exitReason && Math.abs(exitDelayMs) <= barMs;
  return [
    {
      ...{ symbol: live.symbol, live, test: trade, sameExit, exitDelayMs },
      ...{ liveDecidedMs: live.barCloseMs, testDecidedMs: decidedMs },
      entryBps: BPS * (entry.price / trade.entryPrice - 1),
      exitBps: sameExit && exit !== null ? BPS * (1 - exit.price / trade.exitPrice) : null,
      feeBps:
        sameExit && exit !== null
          ? BPS *
            ((entry.fee + exit.fee) / (entry.price * entry.quantity) -
              trade.fees / (trade.entryPrice * trade.quantity))
          : null,
      entryDelayMs: entry.fromMs - trade.openTimeMs,
      sizeDifference: entry.quantity / trade.quantity - 1,
    },
  ];
}

function whyMissing({ decisions, trades }: LiveRun, { trade, decidedMs }: TestTrade): string {
  const isIt = ({ symbol, barCloseMs }: LiveDecision | LiveTrade): boolean =>
    symbol === trade.symbol && barCloseMs === decidedMs;
  if (trades.some(isIt)) return 'its entry did not fill';
  const decision = decisions.find(isIt);
  if (decision === undefined) return 'nothing was decided on its bar';
  const reason = decision.reasons.at(-1)?.text ?? '';
  return `decided: ${decision.outcome}${reason === '' ? '' : ` (${reason})`}`;
}

/** Adds up what the trades that both have cost. */
export function costOf(matched: readonly MatchedTrade[]): DriftCost {
  const same = matched.filter(({ sameExit }) => sameExit);
  const total = ({ entryBps, exitBps, feeBps }: MatchedTrade): number =>
    entryBps + (exitBps ?? 0) + (feeBps ?? 0);
  return {
    trades: matched.length,
    entryBps: weighted(matched, ({ entryBps }) => entryBps),
    exitBps: weighted(same, ({ exitBps }) => exitBps ?? 0),
    feeBps: weighted(same, ({ feeBps }) => feeBps ?? 0),
    totalBps: weighted(same, total),
    quote: sum(same.map((trade) => (total(trade) / BPS) * boughtFor(trade))),
    medianEntryDelayMs: matched.length === 0 ? null : median(matched.map(({ entryDelayMs }) => entryDelayMs)),
  };
}

const boughtFor = ({ live: { entry } }: MatchedTrade): number =>
  entry === null ? 0 : entry.price * entry.quantity;

function weighted(trades: readonly MatchedTrade[], value: (trade: MatchedTrade) => number): number | null {
  const weight = sum(trades.map(boughtFor));
  return weight > 0 ? sum(trades.map((trade) => value(trade) * boughtFor(trade))) / weight : null;
}

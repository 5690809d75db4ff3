import { timeframeMs } from '../../domain/bar';
import { SignalKind } from '../../domain/strategy';
import { firstAtOrAfter, type MarketData } from '../market';
import type { LiveDecision, LiveTrade, TestTrade } from './drift';
import { isOpen } from './drift-trades';
import type { RecordedSignal } from './recording';

/** Why two decisions on the same bar are not the same. */
export const DriftCause = {
  /** Nothing was decided: whoever runs it was down, or late. */
  Missing: 'missing',
  /** It was looked at and not decided: stale or doubtful data, a pause. */
  Skipped: 'skipped',
  /** The bar is another one than the one that was decided on. */
  Bars: 'bars',
  /** Something else was held: it follows from fills, or from decisions before. */
  Held: 'held',
  /** The same bar, the same holding, another decision: other code, other parameters, or other bars before. */
  Decision: 'decision',
} as const;
export type DriftCause = (typeof DriftCause)[keyof typeof DriftCause];

/** What a decision comes to: refused entries were wished for, a raised stop is a stay. */
export type Wish = 'enter' | 'exit' | 'stay';

export interface DecisionDrift {
  readonly symbol: string;
  readonly closeMs: number;
  /** Null when nothing was decided. */
  readonly live: LiveDecision['outcome'] | null;
  readonly backtest: Wish;
  readonly cause: DriftCause;
  /** Whether something was held by then. */
  readonly liveHeld: boolean;
  readonly backtestHeld: boolean;
  /** The journal's reasons, in sentences. */
  readonly why: readonly string[];
}

export interface DecisionsOfSymbol {
  readonly market: MarketData;
  readonly fromMs: number;
  readonly toMs: number;
  readonly decisions: readonly LiveDecision[];
  readonly liveTrades: readonly LiveTrade[];
  readonly tests: readonly TestTrade[];
  readonly signals: readonly RecordedSignal[];
}

/** Compares the decisions on every bar of a symbol. */
export function decisionDrift(parts: DecisionsOfSymbol): {
  readonly compared: number;
  readonly differing: readonly DecisionDrift[];
} {
  const { market, fromMs, toMs, decisions } = parts;
  const { bars, timeframe, instrument } = market;
  const barMs = timeframeMs(timeframe);
  const byClose = new Map(decisions.map((decision) => [decision.barCloseMs, decision]));
  const wishes = wishesOf(parts);
  const differing: DecisionDrift[] = [];
  let compared = 0;
  for (let index = firstAtOrAfter(bars.openTimeMs, fromMs - barMs); index < bars.length; index += 1) {
    const closeMs = (bars.openTimeMs[index] ?? 0) + barMs;
    if (closeMs > toMs) break;
    compared += 1;
    const decision = byClose.get(closeMs);
    const backtest = wishes.get(closeMs) ?? 'stay';
    if (decision !== undefined && wishOf(decision) === backtest) continue;
    // What the rules, not the strategy, asked for at the very last close fills nowhere, and is not told by the backtest.
    if (index === bars.length - 1 && decision?.outcome === 'exit' && parts.tests.some(isLast)) continue;
    const liveHeld = parts.liveTrades.some((trade) => isHeld(trade, closeMs));
    const backtestHeld = parts.tests.some(
      ({ trade }) => trade.openTimeMs < closeMs && trade.closeTimeMs >= closeMs,
    );
    const cause = causeOf(decision, bars.close[index] ?? Number.NaN, liveHeld === backtestHeld);
    differing.push({
      ...{ symbol: instrument.symbol, closeMs, live: decision?.outcome ?? null, backtest, cause },
      ...{ liveHeld, backtestHeld, why: decision?.reasons.map(({ text }) => text) ?? [] },
    });
  }
  return { compared, differing };
}

const isLast = ({ trade }: TestTrade): boolean => isOpen(trade);

function causeOf(decision: LiveDecision | undefined, close: number, sameHeld: boolean): DriftCause {
  if (decision === undefined) return DriftCause.Missing;
  if (decision.outcome === 'skipped') return DriftCause.Skipped;
  if (decision.close !== null && Math.abs(decision.close - close) > CLOSE_TOLERANCE) return DriftCause.Bars;
  return sameHeld ? DriftCause.Decision : DriftCause.Held;
}

/** Journaled closes have eight places. */
const CLOSE_TOLERANCE = 1e-7;

function wishOf({ outcome }: LiveDecision): Wish | null {
  if (outcome === 'enter' || outcome === 'refused') return 'enter';
  if (outcome === 'skipped') return null;
  return outcome === 'exit' ? 'exit' : 'stay';
}

/** At a close: bought before it, and not sold before it. A fill at the open that follows has the same time, and is later. */
const isHeld = ({ entry, exit }: LiveTrade, closeMs: number): boolean =>
  entry !== null && entry.fromMs < closeMs && (exit === null || exit.toMs >= closeMs);

/** What the backtest's strategy, and the rules that manage its positions, asked for at closes. */
function wishesOf({ market, tests, signals }: DecisionsOfSymbol): ReadonlyMap<number, Wish> {
  const { bars, timeframe } = market;
  const wishes = new Map<number, Wish>();
  for (const { closeMs, position, kind } of signals)
    if ((position === null) === (kind === SignalKind.Enter)) wishes.set(closeMs, kind);
  for (const { trade } of tests) {
    if (!DECIDED.has(trade.exitReason)) continue;
    // It left at an open: what was decided at the close before.
    const index = firstAtOrAfter(bars.openTimeMs, trade.closeTimeMs) - 1;
    wishes.set((bars.openTimeMs[index] ?? 0) + timeframeMs(timeframe), 'exit');
  }
  return wishes;
}

/** Reasons to leave that are decided at a close; the others happen inside bars. */
const DECIDED: ReadonlySet<string> = new Set(['target', 'time', 'strategy']);

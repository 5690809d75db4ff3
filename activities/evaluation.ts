import { asyncLocalStorage } from '@temporalio/activity';
import { timeframeMs, type Bar, type Timeframe } from '../domain/bar';
import { columnsOf } from '../domain/bar-columns';
import { fromNumber, type DecimalString } from '../domain/decimal';
import { holdingLimit, managePosition, type ManagementAction } from '../domain/management';
import { ExitReason, type PositionView } from '../domain/position';
import type { Proposal } from '../domain/risk';
import { PositionSide, SignalKind, type Decision, type Reason } from '../domain/strategy';
import type { BarNeed, BarsOf, BarSource } from '../domain/strategy-columns';
import { DecisionOutcome, type DecisionInputs } from '../adapters/store/port';
import { adviceOn } from './advice';
import { chooseStrategy, type StrategyChoice } from './chosen-strategy';
import type { ActivityDeps } from './deps';
import { entryNote } from './entry-rationale';
import type { CandleVerdict } from './market';
import { readObservations } from './observed-series';
import { settingsNotes } from './settings-notes';
import { wakePosition } from './wake';

export interface EvaluateInput extends StrategyChoice {
  readonly account: string;
  readonly session: string;
  readonly strategy: string;
  readonly timeframe: Timeframe;
  readonly barCloseMs: number;
  readonly previousBarCloseMs: number | null;
  readonly maxHoldingBars: number | null;
  readonly entriesPaused: boolean;
  readonly verdicts: readonly CandleVerdict[];
}

/** What was decided about one symbol. A proposal still has to pass risk. */
export interface SymbolDecision {
  readonly symbol: string;
  readonly outcome: DecisionOutcome;
  readonly reasons: readonly Reason[];
  readonly proposal: Proposal | null;
}

/** Digits kept when a price that is a number becomes a decimal: finer than any tick, coarser than a float's error. */
const PRICE_PLACES = 8;

/** What was decided, and about which of the positions. */
export interface EvaluatedDecision extends SymbolDecision {
  readonly positionId: string | null;
}

/** Bars by source: {@link windowKey}. */
export type Windows = ReadonlyMap<string, readonly Bar[]>;

/** The newest bars of each source that had closed by the close that is decided on, oldest first. */
export type ReadWindows = (
  about: Pick<EvaluateInput, 'session' | 'barCloseMs'>,
  needs: readonly BarNeed[],
) => Promise<Windows>;

/** Decides on one closed bar of each symbol and journals every decision with its reasons. */
export type Evaluate = (
  input: EvaluateInput,
  readWindows: ReadWindows,
) => Promise<readonly EvaluatedDecision[]>;

/**
 * The one way that a strategy decides outside of a backtest, for cycles and fast lanes alike. Runs in activities only: an edited
 * strategy never breaks a replay.
 */
export function createEvaluation(deps: ActivityDeps): Evaluate {
  const { exchange, store } = deps;
  const inputsOf = ({ timeframe }: EvaluateInput, verdict: CandleVerdict): DecisionInputs => ({
    ...{ venue: exchange.venue, timeframe },
    candles: { ok: verdict.ok, problem: verdict.problem, doubts: verdict.doubts ?? [] },
  });

  async function decideOn(
    input: EvaluateInput,
    verdict: CandleVerdict,
    {
      position,
      readWindows,
    }: { readonly position: PositionView | undefined; readonly readWindows: ReadWindows },
  ) {
    const { symbol } = verdict;
    if (!verdict.ok) {
      return skipped(symbol, {
        code: 'stale-data',
        text: `No decision: ${verdict.problem ?? 'the data is not usable'}`,
      });
    }
    const own = { symbol, timeframe: input.timeframe };
    const strategy = chooseStrategy(deps.strategies, input, own);
    const windows = await readWindows(input, strategy.needs);
    const bars = windows.get(windowKey(own)) ?? [];
    const side = position === undefined ? null : PositionSide.Long;
    const observationsOf = await readObservations(deps, input, own, strategy.observes, bars);
    const { decision: signal, failure } = strategy.decide(barsOf(windows), side, observationsOf);
    if (failure !== null) await alert(input, symbol, strategy.version, failure);
    const close = bars.at(-1)?.close;
    const limit = holdingLimit(input.maxHoldingBars, strategy.maxHoldingBars);
    const decision =
      position === undefined
        ? enter(input, verdict, signal)
        : await advised(await manage({ ...input, maxHoldingBars: limit }, position, signal, bars), {
            input,
            own,
            position,
          });
    const { version } = strategy;
    return { ...decision, version, close: close === undefined ? null : fromNumber(close, PRICE_PLACES) };
  }

  /** The same decision, with what an adviser says of a position that goes on, or why one that ends was opened. */
  async function advised(
    decision: EvaluatedDecision,
    about: { readonly input: EvaluateInput; readonly own: BarSource; readonly position: PositionView },
  ): Promise<EvaluatedDecision> {
    const more =
      decision.outcome === DecisionOutcome.Exit
        ? await entryNote(store, about.position)
        : await adviceOn(deps, about);
    return { ...decision, reasons: [...decision.reasons, ...more] };
  }

  /** Journals that a strategy could not decide, once for each reason and version; the log has every time. */
  async function alert(
    { account, session, strategy, barCloseMs }: EvaluateInput,
    symbol: string,
    version: string | null,
    { code, text }: Reason,
  ): Promise<void> {
    deps.log.warn(
      { strategy, symbol, barCloseMs, version, code, reason: text },
      'a strategy could not decide',
    );
    await store.recordRiskEvent({
      account,
      code,
      message: `${strategy}, ${symbol}: ${text}`,
      marketTimeMs: barCloseMs,
      key: `${code}/${session}/${strategy}/${symbol}/${version ?? ''}`,
    });
  }

  /** Journals what the new bars ask of an open position; its owner is woken afterwards and carries it out. */
  async function manage(
    input: EvaluateInput,
    position: PositionView,
    signal: Decision,
    bars: readonly Bar[],
  ): Promise<EvaluatedDecision> {
    const { symbol, positionId } = position;
    if (position.openedAtMs === null || position.ledger.averageEntry === null) {
      // Its cycle may have died between the grant and the start of its owner.
      await wakePosition(deps.owners, input.account, positionId);
      return {
        symbol,
        outcome: DecisionOutcome.Hold,
        reasons: [{ code: 'entering', text: 'The entry is still on its way' }],
        proposal: null,
        positionId,
      };
    }
    const since = input.previousBarCloseMs ?? position.openedAtMs;
    const length = timeframeMs(input.timeframe);
    const action = managePosition({
      position: { ...position, openedAtMs: position.openedAtMs, entryPrice: position.ledger.averageEntry },
      newBars: bars.filter((bar) => bar.openTimeMs + length > since),
      strategyExit: signal.kind === SignalKind.Exit,
      maxHoldingMs: input.maxHoldingBars === null ? null : input.maxHoldingBars * length,
      instrument: position.instrument,
    });
    await wish(input.account, positionId, action);
    return { symbol, ...explain(action, signal), proposal: null, positionId };
  }

  async function wish(account: string, positionId: string, action: ManagementAction): Promise<void> {
    if (action.kind === 'none') return;
    if (action.kind === 'trail') await store.wishStop(positionId, action.stopPrice);
    else await store.wishExit(positionId, action.reason);
    await wakePosition(deps.owners, account, positionId);
  }

  const noteSettings = settingsNotes(deps);

  return async (input, readWindows) => {
    await noteSettings(input);
    const live = await store.livePositions(input.account);
    const decide = async (verdict: CandleVerdict): Promise<EvaluatedDecision> => {
      const position = live.find(
        ({ strategy, symbol }) => strategy === input.strategy && symbol === verdict.symbol,
      );
      const { proposal, version, ...decided } = await decideOn(input, verdict, { position, readWindows });
      const { account, session, strategy, barCloseMs } = input;
      const strategyVersion = version ?? input.strategyVersion ?? null;
      // The decision on the bar on which a position was entered is that entry, whoever decides on it again.
      if (position?.barCloseMs !== barCloseMs)
        await store.recordDecision({
          ...{ account, session, strategy, strategyVersion, barCloseMs, ...decided },
          ...{ inputs: inputsOf(input, verdict), runId: runIdHere() },
        });
      const { symbol, outcome, reasons, positionId } = decided;
      return { symbol, outcome, reasons, proposal, positionId };
    };
    return Promise.all(input.verdicts.map(decide));
  };
}

/** Of the workflow that this activity runs for; null outside of one. */
const runIdHere = (): string | null => asyncLocalStorage.getStore()?.info.workflowExecution?.runId ?? null;

/** Names a source among {@link Windows}. */
export const windowKey = ({ symbol, timeframe }: BarSource): string => `${symbol} ${timeframe}`;

function barsOf(windows: Windows): BarsOf {
  const columns = new Map([...windows].map(([key, bars]) => [key, columnsOf(bars)]));
  return (source) => columns.get(windowKey(source)) ?? columnsOf([]);
}

function skipped(
  symbol: string,
  reason: Reason,
): EvaluatedDecision & { readonly close: DecimalString | null; readonly version: string | null } {
  return {
    version: null,
    symbol,
    outcome: DecisionOutcome.Skipped,
    reasons: [reason],
    proposal: null,
    positionId: null,
    close: null,
  };
}

function enter(
  input: EvaluateInput,
  { symbol, doubts = [] }: CandleVerdict,
  signal: Decision,
): EvaluatedDecision {
  const nothing = { symbol, proposal: null, positionId: null };
  if (signal.kind !== SignalKind.Enter)
    return { ...nothing, outcome: DecisionOutcome.Hold, reasons: signal.reasons };
  if (signal.side === PositionSide.Short) {
    const spot = { code: 'short-on-spot', text: 'Spot cannot be sold short' };
    return { ...nothing, outcome: DecisionOutcome.Skipped, reasons: [...signal.reasons, spot] };
  }
  if (input.entriesPaused) {
    const paused = { code: 'paused', text: 'Entries are paused' };
    return { ...nothing, outcome: DecisionOutcome.Skipped, reasons: [...signal.reasons, paused] };
  }
  if (doubts.length > 0) {
    const why = doubts.map((doubt) => ({ ...doubt, text: `No entry on doubtful data: ${doubt.text}` }));
    return { ...nothing, outcome: DecisionOutcome.Skipped, reasons: [...signal.reasons, ...why] };
  }
  const price = (value: number): DecimalString => fromNumber(value, PRICE_PLACES);
  const proposal: Proposal = {
    symbol,
    referencePrice: price(signal.referencePrice),
    stopPrice: price(signal.stopPrice),
    targetPrice: price(signal.targetPrice),
    trailDistance: signal.trailDistance === null ? null : price(signal.trailDistance),
  };
  return { ...nothing, outcome: DecisionOutcome.Enter, reasons: signal.reasons, proposal };
}

const EXIT_TEXTS: Readonly<Record<'target' | 'time' | 'strategy' | 'stop', string>> = {
  [ExitReason.Target]: 'The target was reached',
  [ExitReason.Time]: 'The position was held as long as it may be',
  [ExitReason.Strategy]: 'The strategy asks to leave',
  [ExitReason.Stop]: 'The trailing stop has reached the market',
};

function explain(action: ManagementAction, signal: Decision): Pick<EvaluatedDecision, 'outcome' | 'reasons'> {
  switch (action.kind) {
    case 'none':
      return { outcome: DecisionOutcome.Hold, reasons: signal.reasons };
    case 'trail': {
      const reason = { code: 'trail', text: `The stop follows the market to ${action.stopPrice}` };
      return { outcome: DecisionOutcome.Trail, reasons: [reason, ...signal.reasons] };
    }
    case 'exit': {
      const reason = { code: `exit-${action.reason}`, text: EXIT_TEXTS[action.reason] };
      return { outcome: DecisionOutcome.Exit, reasons: [reason, ...signal.reasons] };
    }
  }
}

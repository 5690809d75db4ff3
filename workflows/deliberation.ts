import { CancellationScope, CancelledFailure, log } from '@temporalio/workflow';
import type { SymbolDecision } from '../activities/evaluation';
import type { ClockReading } from '../domain/clock';
import { conductPanel } from '../domain/deliberation/conduct';
import { SEAT_TITLES } from '../domain/deliberation/seats';
import type { PanelSettings } from '../domain/deliberation/settings';
import { panelOff, withoutPanel, type PanelVerdict } from '../domain/deliberation/verdict';
import type { Proposal } from '../domain/risk';
import type { TradingCycleInput } from './contract';
import { intelligenceActivities, marketActivities } from './proxies';

/** What the panel made of each symbol's proposal. */
export type PanelVerdicts = ReadonlyMap<string, PanelVerdict>;

/** A decision with a proposal. */
export type Proposed = SymbolDecision & { readonly proposal: Proposal };

/** Before the deadline the last activity ends by itself, so that what was said by then is judged in time. */
const SETTLING_MS = 100;
/** Of the time there is, what the candles of higher timeframes may take; without them their trend is missing. */
const CANDLES_SHARE = 0.25;

/**
 * The panel's verdicts on the proposals of one bar, all within one deadline from now: at the deadline what still runs is cancelled and
 * what was said until then counts. Whatever fails in here costs the panel's opinion, never the bar.
 * @throws CancelledFailure when the cycle itself is cancelled
 */
export async function deliberate(
  input: TradingCycleInput,
  decisions: readonly SymbolDecision[],
  clock: ClockReading | null,
): Promise<PanelVerdicts> {
  const panel = input.settings.deliberation;
  const proposed = decisions.filter((decision): decision is Proposed => decision.proposal !== null);
  if (panel === undefined || proposed.length === 0) return new Map();
  const why = offAt(clock);
  const verdictOn = async (decision: Proposed, deadlineAtMs: number): Promise<PanelVerdict> =>
    why === null ? judged(input, panel, decision, deadlineAtMs) : panelOff(why);
  const deadlineAtMs = Date.now() + panel.deadlineMs;
  const verdicts = await Promise.all(
    proposed.map(async (decision) => [decision.symbol, await verdictOn(decision, deadlineAtMs)] as const),
  );
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('The cycle was cancelled');
  return new Map(verdicts);
}

/** A market that does not keep wall time would be another one when the panel has spoken. */
function offAt(clock: ClockReading | null): string | null {
  if (clock === null) return 'the market’s clock could not be read';
  return clock.speed > 1 ? `the market runs at ${clock.speed}×, and opinions take wall time` : null;
}

/** One proposal's verdict; the deadline ends everything that still runs for it. */
async function judged(
  input: TradingCycleInput,
  panel: PanelSettings,
  decision: Proposed,
  deadlineAtMs: number,
): Promise<PanelVerdict> {
  const leftMs = (): number => deadlineAtMs - Date.now();
  const scope = new CancellationScope({ cancellable: true, timeout: panel.deadlineMs });
  try {
    return await scope.run(() => held(input, panel, decision, leftMs));
  } catch (error) {
    log.info('decided without the panel', { symbol: decision.symbol, problem: textOf(error) });
    return withoutPanel(
      leftMs() > SETTLING_MS
        ? 'it could not be told what it is about'
        : 'its time was over before anybody was asked',
    );
  }
}

async function held(
  { settings, session, barCloseMs }: TradingCycleInput,
  panel: PanelSettings,
  { symbol, proposal, reasons }: Proposed,
  leftMs: () => number,
): Promise<PanelVerdict> {
  const { account, venue, name: strategy, timeframe } = settings;
  const candlesMs = Math.floor(leftMs() * CANDLES_SHARE);
  const fetching = marketActivities(venue, `higher timeframes of ${symbol}`);
  try {
    await CancellationScope.withTimeout(candlesMs, () =>
      fetching.fetchTrendCandles({ session, symbol, barCloseMs }),
    );
  } catch (error) {
    log.info('the panel has no fresh candles', { symbol, problem: textOf(error) });
  }
  const { positionId } = await intelligenceActivities(
    `what the panel is to know about ${symbol}`,
    Math.max(1, leftMs() - SETTLING_MS),
  ).preparePanel({
    ...{ account, session, strategy, timeframe, barCloseMs, proposal, reasons },
  });
  return conductPanel({
    settings: panel,
    leftMs: () => leftMs() - SETTLING_MS,
    speak: async (turn, _heard, allottedMs) => {
      const { seat, round } = turn;
      const summary = `${SEAT_TITLES[seat]} on ${symbol}, round ${round}`;
      try {
        const { maxTokens, anonymise } = panel;
        const { answer } = await intelligenceActivities(summary, allottedMs).speakOnPanel({
          ...{ positionId, turn, settings: { maxTokens, anonymise }, allottedMs },
        });
        return answer;
      } catch (error) {
        log.info('a seat gave no answer', { seat, round, symbol, problem: textOf(error) });
        return null;
      }
    },
  });
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

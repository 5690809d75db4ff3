import { NEWS_ORIGIN, sessionOrigin } from '../../adapters/history/origins';
import { lastCloseMs, type Bar, type Timeframe } from '../../domain/bar';
import { columnsOf } from '../../domain/bar-columns';
import {
  BRIEF_BARS,
  HEADLINES,
  MOOD_MAX_AGE_MS,
  type BriefAccount,
  type PanelBrief,
} from '../../domain/deliberation/brief';
import { BARS_WANTED, predictTrend, TREND_TIMEFRAMES } from '../../domain/deliberation/trend';
import { dailyLossFraction, drawdownFraction } from '../../domain/equity';
import { recalledText } from '../../domain/memory/recall';
import { situationTrend, type Situation, type SituationMood } from '../../domain/memory/situation';
import { assetOf } from '../../domain/observations';
import type { Proposal } from '../../domain/risk';
import type { Reason } from '../../domain/strategy';
import type { IntelligenceDeps } from './deps';
import { recall } from './recall';

/** What a strategy wants to do on a bar. */
export interface DeliberatedProposal {
  readonly account: string;
  readonly session: string;
  readonly strategy: string;
  readonly timeframe: Timeframe;
  readonly barCloseMs: number;
  readonly proposal: Proposal;
  readonly reasons: readonly Reason[];
}

/** Past trades that the panel is told, and wall milliseconds to find them. */
const MEMORIES = { k: 3, deadlineMs: 2_000 } as const;
/** Newest moods that are looked at: those that were known only after the close are left out. */
const MOODS_READ = 20;

/** What a panel is to know about a proposal, from PostgreSQL alone and as it was known at its bar's close. What cannot be had is missing. */
export async function briefOf(deps: IntelligenceDeps, input: DeliberatedProposal): Promise<PanelBrief> {
  const { session, strategy, timeframe, barCloseMs, proposal, reasons } = input;
  const { symbol } = proposal;
  const { journal, venue } = deps;
  const candles = (wanted: Timeframe, limit: number): Promise<readonly Bar[]> =>
    journal.candles({ venue, session, symbol, timeframe: wanted }, lastCloseMs(barCloseMs, wanted), limit);
  const orMissing = async <T>(what: string, missing: T, reading: Promise<T>): Promise<T> => {
    try {
      return await reading;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      deps.log.warn({ strategy, symbol, barCloseMs, what, reason }, 'the panel goes on without');
      return missing;
    }
  };
  const [bars, account, mood, headlines, ...higher] = await Promise.all([
    candles(timeframe, BRIEF_BARS),
    accountOf(deps, input.account),
    orMissing('mood', null, moodOf(deps, input)),
    orMissing('headlines', [], headlinesOf(deps, input)),
    ...TREND_TIMEFRAMES.map((wanted) => candles(wanted, BARS_WANTED)),
  ]);
  const columns = new Map(TREND_TIMEFRAMES.map((wanted, index) => [wanted, columnsOf(higher[index] ?? [])]));
  const trend = predictTrend((wanted) => columns.get(wanted), barCloseMs);
  const situation = { strategy, symbol, timeframe, reasons, mood, trend: situationTrend(trend) };
  const memories = await orMissing('memories', [], memoriesOf(deps, input, situation));
  return {
    ...{ strategy, symbol, timeframe, barCloseMs, proposal, reasons },
    ...{ bars, trend, mood, headlines, account, memories },
  };
}

/** Past trades in situations like this one, as far as their outcome was known at the close. */
async function memoriesOf(
  deps: IntelligenceDeps,
  { account, session, barCloseMs }: DeliberatedProposal,
  situation: Situation,
): Promise<readonly string[]> {
  const { trades } = await recall(deps, {
    ...{ account, session, situation, asOfMs: barCloseMs },
    ...MEMORIES,
  });
  return trades.map(recalledText);
}

async function accountOf({ journal }: IntelligenceDeps, account: string): Promise<BriefAccount> {
  const [state, live] = await Promise.all([journal.account(account), journal.livePositions(account)]);
  const equity = state?.equity ?? null;
  return {
    mode: state?.mode ?? 'unknown',
    equity: equity?.equity ?? null,
    drawdownFraction: equity === null ? null : drawdownFraction(equity),
    dailyLossFraction: equity === null ? null : dailyLossFraction(equity),
    positions: live.map(({ strategy, symbol, ledger, stopPrice }) => ({
      ...{ strategy, symbol, stopPrice },
      heldQuantity: ledger.heldQuantity,
      averageEntry: ledger.averageEntry,
    })),
  };
}

/** Whose news count: the world's, or those of one session of a made-up market. */
const originOf = ({ market }: IntelligenceDeps, session: string): string =>
  market === 'real' ? NEWS_ORIGIN : sessionOrigin(session);

async function moodOf(
  deps: IntelligenceDeps,
  { session, barCloseMs, proposal }: DeliberatedProposal,
): Promise<SituationMood | null> {
  const moods = await deps.news.moods(originOf(deps, session), assetOf(proposal.symbol), MOODS_READ);
  const known = moods.find(({ knownMs }) => knownMs <= barCloseMs);
  if (known === undefined || barCloseMs - known.timeMs > MOOD_MAX_AGE_MS) return null;
  const { score, trend, missing, timeMs } = known;
  return { score, trend, missing, ageMs: barCloseMs - timeMs };
}

async function headlinesOf(
  deps: IntelligenceDeps,
  { session, barCloseMs, proposal }: DeliberatedProposal,
): Promise<readonly string[]> {
  const asset = assetOf(proposal.symbol);
  const range = { sinceMs: barCloseMs - HEADLINES.maxAgeMs, limit: 4 * HEADLINES.limit, asset };
  const stories = await deps.news.stories(originOf(deps, session), deps.scorer.name, range);
  return stories
    .filter(({ knownMs }) => knownMs <= barCloseMs)
    .slice(0, HEADLINES.limit)
    .map(({ title }) => title);
}

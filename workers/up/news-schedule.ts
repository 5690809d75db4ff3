import type { Client } from '@temporalio/client';
import { newsPlan } from '../../config/news-plan';
import { tradedSymbols, type BallastConfig } from '../../config/config';
import { assetOf } from '../../domain/observations';
import {
  startOptions,
  tags,
  workflowIds,
  type AccountRef,
  type NewsWatchInput,
} from '../../workflows/contract';
import { ensureSchedule } from './schedules';

const LONGEST_SCORING_MS = 60_000;

/** What a round of the news is told. */
export function newsWatchInput(config: BallastConfig, account: AccountRef): NewsWatchInput {
  const { halfLifeMs, maxAgeMs, breaking } = config.news;
  const assetsOf = (symbols: readonly string[]): readonly string[] => [...new Set(symbols.map(assetOf))];
  const strategies = config.strategies
    .filter(({ name }) => breaking.strategies.includes(name))
    .map(({ name, symbols }) => ({ name, assets: assetsOf(symbols) }));
  return {
    ...account,
    assets: assetsOf(tradedSymbols(config)),
    mood: { halfLifeMs, maxAgeMs },
    ...(newsPlan(config).of === 'world' && { gauges: true }),
    // Whatever comes after the judgements is to come within the round.
    scoringMs: Math.min(LONGEST_SCORING_MS, Math.floor((newsPlan(config).intervalMs ?? Infinity) / 2)),
    breaking: strategies.length === 0 ? null : { pauseMs: breaking.pauseMs, strategies },
  };
}

/** Makes the rounds of the news happen every `intervalMs` of wall time, or not when that is null. */
export async function ensureNewsSchedule(
  client: Client,
  input: NewsWatchInput,
  intervalMs: number | null,
): Promise<void> {
  const { account } = input;
  const scheduleId = workflowIds.newsWatch(account);
  const action = {
    type: 'startWorkflow' as const,
    workflowType: 'newsWatch',
    workflowId: scheduleId,
    ...startOptions,
    args: [input],
    staticSummary: `news for ${input.assets.join(', ')}`,
    typedSearchAttributes: tags({ account }),
  };
  await ensureSchedule(client, scheduleId, action, intervalMs);
}

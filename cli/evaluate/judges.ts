import { createModelManager } from '../../adapters/llm/manager';
import { createMemoryCallLog } from '../../adapters/llm/memory-call-log';
import { modelEntries } from '../../adapters/llm/open-models';
import { createModelScorer } from '../../adapters/news/model-scorer';
import { vaderBaseline } from '../../adapters/news/vader';
import { decimal } from '../../domain/decimal';
import { UserError } from '../../domain/errors';
import type { Context } from '../context';
import { majorityJudge, type Judge } from './sentiment';
import type { LabelledHeadline } from './labelled-headlines';

/** Headlines that VADER is given at once. */
const VADER_BATCH = 20;
/** What somebody says is compared, however long it takes: how long that was is told. */
const PATIENCE_MS = 600_000;

/**
 * Everybody who judges: the configured models, or those that are named, each alone; then VADER and the most frequent label. Calls of
 * models that have a price are kept within the budget and recorded in PostgreSQL, as ever; others need none.
 * @throws UserError for a model that is not configured, UnavailableError when PostgreSQL is needed and is not there
 */
export async function openJudges(
  context: Context,
  rows: readonly LabelledHeadline[],
  names: readonly string[],
): Promise<{ readonly judges: readonly Judge[]; readonly close: () => Promise<void> }> {
  const { models } = context.config;
  const unknown = names.find((name) => !models.available.some((model) => model.name === name));
  if (unknown !== undefined)
    throw new UserError(
      `There is no model "${unknown}".`,
      `Configured are: ${models.available.map(({ name }) => name).join(', ')}.`,
    );
  const chosen = models.available.filter(({ name }) => names.length === 0 || names.includes(name));
  const entries = modelEntries(chosen, models).map((entry) => ({ ...entry, timeoutMs: PATIENCE_MS }));
  const isRecorded = models.replay !== 'off' || chosen.some(({ price }) => price !== undefined);
  const manager = createModelManager({
    models: entries,
    roles: Object.fromEntries(entries.map(({ name }) => [name, [name]])),
    log: isRecorded ? await context.modelCalls() : createMemoryCallLog(),
    deadlineMs: PATIENCE_MS,
    monthlyBudgetUsd: decimal(models.monthlyBudgetUsd),
    // A headline that is there twice is asked twice: latency is measured.
    cacheTtlMs: 0,
    replay: models.replay,
    nowMs: () => Date.now(),
  });
  const judges: Judge[] = [];
  for (const entry of entries)
    judges.push({
      key: entry.name,
      scorer: await createModelScorer({ manager, role: entry.name, chain: [entry] }),
      batch: entry.concurrency,
      // What has to be loaded first; vendors would charge for it.
      warmUp: chosen.some(({ name, provider }) => name === entry.name && provider === 'local'),
    });
  const vader = { key: 'vader', scorer: vaderBaseline, batch: VADER_BATCH, warmUp: true };
  return { judges: [...judges, vader, majorityJudge(rows)], close: () => manager.close() };
}

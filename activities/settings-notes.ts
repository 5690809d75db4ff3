import type { RunSettings } from '../adapters/store/run-record';
import type { EvaluateInput } from './evaluation';
import type { ActivityDeps } from './deps';

/**
 * Journals what a strategy decides with, once and whenever it changes; a process remembers what it has written, so that a quiet
 * bar costs nothing.
 */
export function settingsNotes({
  store,
}: Pick<ActivityDeps, 'store'>): (input: EvaluateInput) => Promise<void> {
  const noted = new Map<string, string>();
  return async (input) => {
    const { account, session, strategy, barCloseMs } = input;
    const settings: RunSettings = {
      strategyId: input.strategyId,
      strategyVersion: input.strategyVersion ?? null,
      parameters: input.parameters,
      ...(input.filters && { filters: input.filters }),
      timeframe: input.timeframe,
      maxHoldingBars: input.maxHoldingBars,
    };
    const [key, text] = [`${account}/${strategy}`, JSON.stringify([session, settings])];
    if (noted.get(key) === text) return;
    await store.recordSettings({ account, session, strategy, barCloseMs, settings });
    noted.set(key, text);
  };
}

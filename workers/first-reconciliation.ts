import { setTimeout as sleep } from 'node:timers/promises';
import type { ActivityDeps } from '../activities/deps';
import { createReconciliationActivities, type ReconcileInput } from '../activities/reconciliation';
import type { StartGate } from '../activities/start-gate';
import { tellFinding } from '../activities/wake';
import { FindingKind, type Finding } from '../domain/findings';

/** Between two tries while the exchange or PostgreSQL does not answer; wall time. */
const RETRY_MS = 500;

/**
 * Holds the exchange against the journal before this process sends anything, as often as it takes, then has the account's
 * reconciliation give every position its owner.
 */
export async function reconcileFirst(
  deps: ActivityDeps,
  input: ReconcileInput,
  gate: StartGate,
  stopped: AbortSignal,
): Promise<void> {
  // Past the queue of the request rate: until it is done no stop is sent either.
  const activities = createReconciliationActivities({ ...deps, exchange: deps.emergencyExchange });
  const retry = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    while (!stopped.aborted) {
      try {
        await work();
        return;
      } catch (error) {
        gate.noteFailure();
        deps.log.warn({ account: input.account, error }, `${what} failed; trying again`);
        await sleep(RETRY_MS, undefined, { signal: stopped }).catch(() => undefined);
      }
    }
  };
  let noticed: readonly Finding[] = [];
  await retry('holding the exchange against the journal', async () => {
    const { findings } = await activities.reconcileAccount(input);
    // Once it is journaled no later comparison sees it.
    noticed = findings.filter(({ kind }) => kind === FindingKind.ManualCancel);
  });
  if (stopped.aborted) return;
  gate.open();
  for (const finding of noticed) await tellFinding(deps.owners, input.account, finding);
  await retry('asking for a reconciliation', () =>
    deps.owners.wakeReconciliation(input.account, 'a worker has started'),
  );
}

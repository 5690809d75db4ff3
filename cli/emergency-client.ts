import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Journal } from '../adapters/store/port';
import { TradingMode } from '../domain/risk';
import {
  startOptions,
  tags,
  workflowIds,
  type EmergencyStopInput,
  type EmergencyStopResult,
} from '../workflows/contract';
import { RefusedError } from './failure';

/**
 * Raises the halt, or joins the one in force. @returns the epoch in force
 * @throws RefusedError for an account that no worker has ever opened
 */
export async function haltNow(
  journal: Journal,
  account: string,
  halt: { readonly key: string; readonly reason: string; readonly by: string },
): Promise<number> {
  if ((await journal.account(account)) === undefined)
    throw new RefusedError(`Account ${account} has never traded: there is nothing to stop.`);
  return journal.raiseHalt(account, halt);
}

/**
 * Starts the emergency stop, or joins the one under way, and waits until it has verified that the account is flat, or
 * until somebody has resumed trading. One that gave way to a resume before this halt was raised is followed by another.
 */
export async function runEmergencyStop(
  client: Client,
  journal: Pick<Journal, 'account'>,
  input: EmergencyStopInput,
  say: (line: string) => void = () => undefined,
): Promise<EmergencyStopResult> {
  for (;;) {
    const result = await joinEmergencyStop(client, input, say);
    if (result.flatAfterMs !== null) return result;
    if ((await journal.account(input.account))?.mode !== TradingMode.Halted) return result;
  }
}

/** Between two looks at what a stop that goes on is waiting for. */
const TELL_EVERY_MS = 3_000;

async function joinEmergencyStop(
  client: Client,
  input: EmergencyStopInput,
  say: (line: string) => void,
): Promise<EmergencyStopResult> {
  const handle = await client.workflow.start('emergencyStop', {
    ...startOptions,
    workflowId: workflowIds.emergencyStop(input.account),
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [input],
    staticSummary: input.reason,
    typedSearchAttributes: tags({ account: input.account }),
  });
  const telling = new AbortController();
  void tellProgress(handle, say, telling.signal);
  try {
    return (await handle.result()) as EmergencyStopResult;
  } finally {
    telling.abort();
  }
}

/** Says what the stop is waiting for, each time that it changes, until `signal` aborts. */
async function tellProgress(
  handle: Pick<WorkflowHandle, 'query'>,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let told = '';
  for (;;) {
    await sleep(TELL_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    const line = await whatItSays(handle);
    if (line !== told) say(`Still stopping: ${line}`);
    told = line;
  }
}

/** The last paragraph of the workflow's own details. */
async function whatItSays(handle: Pick<WorkflowHandle, 'query'>): Promise<string> {
  try {
    const { currentDetails = '' } = await handle.query<{ readonly currentDetails?: string }>(
      '__temporal_workflow_metadata',
    );
    return currentDetails.split('\n\n').at(-1) ?? '';
  } catch {
    return 'no worker answers; it goes on as soon as one runs. To sell now: ballast emergency-stop --direct';
  }
}

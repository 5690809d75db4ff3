import type { Client } from '@temporalio/client';
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
): Promise<EmergencyStopResult> {
  for (;;) {
    const result = await joinEmergencyStop(client, input);
    if (result.flatAfterMs !== null) return result;
    if ((await journal.account(input.account))?.mode !== TradingMode.Halted) return result;
  }
}

async function joinEmergencyStop(client: Client, input: EmergencyStopInput): Promise<EmergencyStopResult> {
  const handle = await client.workflow.start('emergencyStop', {
    ...startOptions,
    workflowId: workflowIds.emergencyStop(input.account),
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [input],
    staticSummary: input.reason,
    typedSearchAttributes: tags({ account: input.account }),
  });
  return (await handle.result()) as EmergencyStopResult;
}

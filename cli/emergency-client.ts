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
 * Raises the halt, unless the account is halted already: a second epoch would disarm the emergency stop that works in
 * the first. @returns the epoch in force.
 */
export async function haltNow(
  journal: Journal,
  account: string,
  halt: { readonly key: string; readonly reason: string; readonly by: string },
): Promise<number> {
  const state = await journal.account(account);
  if (state === undefined) {
    throw new RefusedError(`Account ${account} has never traded: there is nothing to stop.`);
  }
  return state.mode === TradingMode.Halted ? state.haltEpoch : journal.raiseHalt(account, halt);
}

/** Starts the emergency stop, or joins the one under way, and waits until it has verified that the account is flat. */
export async function runEmergencyStop(
  client: Client,
  input: EmergencyStopInput,
): Promise<EmergencyStopResult> {
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

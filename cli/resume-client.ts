import { randomUUID } from 'node:crypto';
import { ServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { resumeTradingUpdate, workflowIds } from '../workflows/contract';

/** A word that a run's end has left unanswered is given anew, under its own name: whatever came of the first, it is heeded once. */
const TRIES = 5;

/**
 * Asks the risk desk of an account to trade again. @returns the account's mode
 * @throws WorkflowUpdateFailedError when it refuses; WorkflowNotFoundError when there is no desk
 */
export async function resumeTrading(
  client: Client,
  account: string,
  word: { readonly by: string; readonly reason: string },
): Promise<string> {
  const desk = client.workflow.getHandle(workflowIds.riskDesk(account));
  const updateId = randomUUID();
  for (let tries = 1; ; tries += 1) {
    try {
      return await desk.executeUpdate(resumeTradingUpdate, { args: [word], updateId });
    } catch (error) {
      if (tries === TRIES || !isUnanswered(error, updateId)) throw error;
    }
  }
}

/** The server is away, or the run that took the word has ended and the next one does not know it. */
const isUnanswered = (error: unknown, updateId: string): boolean =>
  error instanceof ServiceError ||
  (error instanceof WorkflowNotFoundError && error.message.includes(updateId));

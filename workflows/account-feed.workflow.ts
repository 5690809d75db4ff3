import {
  continueAsNew,
  isCancellation,
  log,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { AccountFeedInput } from './contract';
import { feedActivities } from './proxies';

/** Before listening is tried again after it ended for good. */
const PAUSE_MS = 1_000;

/**
 * Supervises the one long activity that listens to an account. The activity moves to another worker within seconds when
 * its own dies; this workflow lives as long as the account is traded.
 */
export async function accountFeed(input: AccountFeedInput): Promise<void> {
  setCurrentDetails(
    `Listening to account **${input.account}** on ${input.venue} (${input.symbols.join(', ')}).`,
  );
  while (!workflowInfo().continueAsNewSuggested) {
    try {
      await feedActivities(input.venue, `listen to ${input.account}`).watchAccount({
        account: input.account,
      });
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn('listening ended; starting again', { account: input.account, error });
    }
    await sleep(PAUSE_MS, { summary: 'before listening again' });
  }
  await continueAsNew<typeof accountFeed>(input);
}

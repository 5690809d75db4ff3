import { sleep, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';

/** Sleeps fifty hours; which of the two servers runs it decides how long that takes. */
export async function longSleep(): Promise<string> {
  upsertSearchAttributes([{ key: defineSearchAttributeKey('Symbol', 'KEYWORD'), value: 'BTC/USDT' }]);
  await sleep('50 hours');
  return 'rested';
}

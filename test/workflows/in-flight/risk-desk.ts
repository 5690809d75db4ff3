import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import fc from 'fast-check';
import { resumeTrading } from '../../../cli/resume-client';
import { TradingMode, type RiskLimits } from '../../../domain/risk';
import {
  assessSignal,
  configureRiskDeskSignal,
  workflowIds,
  type RiskDeskInput,
} from '../../../workflows/contract';
import { LIMITS } from '../harness';
import { accountOf, callsOf, draw, type Scenario } from './scenario';

const messages = fc.constantFrom('resume', 'resume', 'blank', 'assess', 'configure' as const);
const INTERVAL_MS = 500;

/** Every update is carried out once and answered, a faulty one is refused, and configurations and looks are not lost. */
export const riskDeskScenario: Scenario = async (stage) => {
  const { harness, world, seed } = stage;
  const id = workflowIds.riskDesk(world.account);
  const input: RiskDeskInput = { ...accountOf(stage), limits: LIMITS, intervalMs: INTERVAL_MS };
  const handle = await harness.start<(input: RiskDeskInput) => Promise<void>>('riskDesk', id, input);
  const looks = (): readonly unknown[] => callsOf(world, 'assessAccount');
  const answers: Promise<string>[] = [];
  const refusals: Promise<unknown>[] = [];
  const reasons: string[] = [];
  const resume = (reason: string): Promise<string> =>
    resumeTrading(harness.client, world.account, { by: 'tester', reason });
  let limits: RiskLimits = LIMITS;

  for (const [number, { message, waitMs }] of draw(seed, messages, { min: 25, max: 35 }).entries()) {
    if (message === 'resume') {
      reasons.push(`reason ${number}`);
      answers.push(resume(`reason ${number}`));
    } else if (message === 'blank') {
      refusals.push(resume(' ').catch((error: unknown) => error));
    } else if (message === 'assess') {
      await handle.signal(assessSignal);
    } else {
      limits = { ...LIMITS, maxOpenPositions: number + 1 };
      await handle.signal(configureRiskDeskSignal, { ...input, limits });
    }
    if (waitMs > 0) await sleep(waitMs);
  }
  expect(await Promise.all(answers)).toEqual(reasons.map(() => TradingMode.Active));
  for (const refusal of await Promise.all(refusals))
    expect(refusal).toBeInstanceOf(WorkflowUpdateFailedError);
  // An activity may run twice, and then bears the same key: the journal heeds it once.
  const words = callsOf(world, 'resumeTrading') as readonly { reason: string; key: string }[];
  const carriedOut = new Map(words.map(({ key, reason }) => [key, reason]));
  expect([...carriedOut.values()].sort()).toEqual([...reasons].sort());
  await handle.signal(assessSignal);
  const before = looks().length;
  await harness.until(() => {
    const last = looks().at(-1) as { readonly limits: RiskLimits };
    return looks().length > before && last.limits.maxOpenPositions === limits.maxOpenPositions;
  });
  await harness.terminate(id);
  return id;
};

import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowIdConflictPolicy } from '@temporalio/client';
import fc from 'fast-check';
import {
  startOptions,
  workflowIds,
  type EmergencyStopInput,
  type EmergencyStopResult,
} from '../../../workflows/contract';
import { accountOf, callsOf, draw, type Scenario } from './scenario';

const messages = fc.constantFrom('join', 'wait', 'wait' as const);
/** So often selling is refused: long enough for several runs. */
const REFUSALS = { least: 3, span: 3 } as const;

/** Whoever asks for the stop, at whatever moment, is answered by the one that is under way, and the account ends flat. */
export const emergencyStopScenario: Scenario = async (stage) => {
  const { harness, world, seed } = stage;
  const position = harness.grant({}, world);
  await harness.start('position', position.positionId, position);
  await harness.until(() => world.exchange.offered() === '0.999');
  world.exchange.faults.push(
    ...Array.from({ length: REFUSALS.least + (seed % REFUSALS.span) }, () => 'refused' as const),
  );
  const id = workflowIds.emergencyStop(world.account);
  const ask = async (haltKey: string): Promise<EmergencyStopResult> => {
    const input: EmergencyStopInput = { ...accountOf(stage), by: 'tester', reason: 'a test', haltKey };
    const handle = await harness.client.workflow.start<
      (input: EmergencyStopInput) => Promise<EmergencyStopResult>
    >('emergencyStop', {
      ...startOptions,
      workflowId: id,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      args: [input],
    });
    return handle.result();
  };
  const asked = [ask('first')];
  for (const [number, { message, waitMs }] of draw(seed, messages, { min: 8, max: 12 }).entries()) {
    if (message === 'join' && (await harness.statusOf(id).catch(() => '')) === 'RUNNING')
      asked.push(ask(`joined ${number}`));
    await sleep(waitMs + 20);
  }
  const [first, ...joined] = await Promise.all(asked);
  expect(first).toMatchObject({ epoch: 1, closedPositions: 1 });
  expect(first?.flatAfterMs).not.toBeNull();
  for (const { flatAfterMs } of joined) expect(flatAfterMs).not.toBeNull();
  const halts = callsOf(world, 'raiseHalt').map((input) => (input as { haltKey: string }).haltKey);
  expect(halts[0]).toBe('first');
  expect(new Set(halts).size).toBe(halts.length);
  expect(world.exchange.held()).toBe('0');
  expect(new Set(world.exchange.received).size).toBe(world.exchange.received.length);
  return id;
};

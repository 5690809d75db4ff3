import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { createTimeSkippingTestEnvironment } from '../../temporal/test-server';
import { longSleep } from './workflows/long-sleep';

describe('the time-skipping test server', () => {
  let environment: TestWorkflowEnvironment;

  beforeAll(async () => {
    environment = await createTimeSkippingTestEnvironment();
  });

  afterAll(async () => {
    await environment.teardown();
  });

  it('sleeps fifty hours at once and knows our search attributes', async () => {
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue: 'sleepers',
      workflowsPath: require.resolve('./workflows/long-sleep'),
    });
    const before = await environment.currentTimeMs();
    const result = await worker.runUntil(
      environment.client.workflow.execute(longSleep, { taskQueue: 'sleepers', workflowId: 'sleeper' }),
    );
    expect(result).toBe('rested');
    expect((await environment.currentTimeMs()) - before).toBeGreaterThanOrEqual(50 * 3_600_000);
    const { typedSearchAttributes } = await environment.client.workflow.getHandle('sleeper').describe();
    expect(typedSearchAttributes.getAll().map(({ value }) => value)).toContain('BTC/USDT');
  });
});

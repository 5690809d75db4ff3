import { IllegalStateError } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { processEnvironment } from '../config/environment';
import { searchAttributeTypes } from './dev-server';

/** The SDK waits five seconds for the server, which a Java start on a busy machine can exceed. */
const attempts = 5;

/** The numbers of Temporal's API for search attribute types. */
const indexedValueType = { Keyword: 2, Double: 4 } as const;

/**
 * Starts a time-skipping test server  that knows our search attributes.
 *
 * Time skips only while a workflow's result or `sleep` of the environment is awaited. The environment's own client takes
 * one such wait at a time: start concurrent workflows through a plain `Client` on `connection`.
 * @throws Error when the bootstrap has provided no test server, or it does not come up
 */
export async function createTimeSkippingTestEnvironment(): Promise<TestWorkflowEnvironment> {
  const path = processEnvironment().env.BALLAST_TEMPORAL_TEST_SERVER;
  if (path === undefined) {
    throw new Error(
      'BALLAST_TEMPORAL_TEST_SERVER is not set: run tests with `npm test` or `npm run jest`, which provide the server.',
    );
  }
  quietenRuntime();
  const environment = await startPatiently(path);
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.namespace ?? 'default',
    searchAttributes: Object.fromEntries(
      Object.entries(searchAttributeTypes).map(([name, type]) => [name, indexedValueType[type]]),
    ),
  });
  return environment;
}

/** Only warnings of the SDK, unless the test has installed a runtime of its own. */
function quietenRuntime(): void {
  try {
    Runtime.install({ logger: new DefaultLogger('WARN') });
  } catch (error) {
    if (!(error instanceof IllegalStateError)) throw error;
  }
}

async function startPatiently(path: string): Promise<TestWorkflowEnvironment> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await TestWorkflowEnvironment.createTimeSkipping({
        server: { executable: { type: 'existing-path', path } },
      });
    } catch (error) {
      if (attempt === attempts) throw error;
    }
  }
}

import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, type Client } from '@temporalio/client';
import type { WorkerDeploymentOptions } from '@temporalio/worker';

/**
 * Worker versioning: with `worker.versioning` on, Temporal gives the tasks of workflows only to workers of the current build,
 * and `ballast up` makes its own build the current one. docs/upgrades.md says when this is wanted.
 */

/** Made by the build, so that a worker is up in a second and every worker of a build runs the same workflow code. */
export const WORKFLOW_BUNDLE = join(__dirname, '..', 'workflow-bundle.js');

/** Its versions are builds of the workflow code. A namespace holds one Ballast. */
const DEPLOYMENT = 'ballast';
/** The first words of a bundle, written by the build. */
const BUILD_MARK = /^\/\* ballast build ([A-Za-z0-9_-]{6,64}) \*\//;
const MARK_BYTES = 128;

/** Of gRPC. */
const Code = { NotFound: 5, FailedPrecondition: 9, Unimplemented: 12 } as const;
/** What Temporal says of a build whose workers have not asked it for work yet. */
const UNKNOWN_YET: readonly number[] = [Code.NotFound, Code.FailedPrecondition];
/** What it says when there has never been a worker with versioning, or there cannot be one. */
const NO_DEPLOYMENT: readonly number[] = [Code.NotFound, Code.Unimplemented];
const SERVED_POLL_MS = 200;
const SERVED_LIMIT_MS = 30_000;

/**
 * Which build of the workflow code a bundle is: a hash of its sources, the same on every machine.
 * @throws Error when the file is missing or was not made by the build
 */
export function buildIdOf(bundlePath = WORKFLOW_BUNDLE): string {
  const file = openSync(bundlePath, 'r');
  try {
    const head = Buffer.alloc(MARK_BYTES);
    readSync(file, head);
    const [, id] = BUILD_MARK.exec(head.toString('latin1')) ?? [];
    if (id === undefined) throw new Error(`${bundlePath} names no build; make it anew with: npm run build`);
    return id;
  } finally {
    closeSync(file);
  }
}

/** How a worker says which build it is. What lives long moves to the current build; the workflow's own option may say otherwise. */
export const deploymentOptions = (buildId: string): WorkerDeploymentOptions => ({
  useWorkerVersioning: true,
  version: { deploymentName: DEPLOYMENT, buildId },
  defaultVersioningBehavior: 'AUTO_UPGRADE',
});

/** The build to whose workers all tasks go, or null when they go to workers without versioning. */
export async function readCurrentBuild(client: Client, namespace: string): Promise<string | null> {
  try {
    const { workerDeploymentInfo } = await client.workflowService.describeWorkerDeployment({
      namespace,
      deploymentName: DEPLOYMENT,
    });
    const buildId = workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId ?? '';
    return buildId === '' ? null : buildId;
  } catch (error) {
    if (saysOneOf(NO_DEPLOYMENT, error)) return null;
    throw error;
  }
}

/**
 * Sends all tasks to workers of this build from now on, or with null to workers without versioning. Waits until workers of the
 * build serve every one of these queues: a build that is made current before would leave the tasks of the others lying.
 * @throws Error when they do not within 30 seconds
 */
export async function routeTo(
  client: Client,
  namespace: string,
  buildId: string | null,
  taskQueues: readonly string[],
): Promise<void> {
  if ((await readCurrentBuild(client, namespace)) === buildId) return;
  if (buildId !== null) await untilServed(client, namespace, buildId, taskQueues);
  await client.workflowService.setWorkerDeploymentCurrentVersion({
    namespace,
    deploymentName: DEPLOYMENT,
    buildId: buildId ?? '',
    // A queue which the new build does not serve any more is no reason to stay with the old one.
    ignoreMissingTaskQueues: true,
  });
}

async function untilServed(
  client: Client,
  namespace: string,
  buildId: string,
  taskQueues: readonly string[],
): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    const served = await servedQueues(client, namespace, buildId);
    const missing = taskQueues.filter((name) => !served.includes(name));
    if (missing.length === 0) return;
    if (performance.now() - startedMs > SERVED_LIMIT_MS)
      throw new Error(
        `No worker of build ${buildId} serves ${missing.join(', ')}: Temporal goes on giving the tasks to others.`,
      );
    await sleep(SERVED_POLL_MS);
  }
}

async function servedQueues(client: Client, namespace: string, buildId: string): Promise<readonly string[]> {
  try {
    const { versionTaskQueues } = await client.workflowService.describeWorkerDeploymentVersion({
      namespace,
      deploymentVersion: { deploymentName: DEPLOYMENT, buildId },
    });
    return versionTaskQueues.map(({ name }) => name ?? '');
  } catch (error) {
    if (saysOneOf(UNKNOWN_YET, error)) return [];
    throw error;
  }
}

const saysOneOf = (codes: readonly number[], error: unknown): boolean =>
  isGrpcServiceError(error) && codes.includes(error.code);

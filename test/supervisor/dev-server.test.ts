import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { searchAttributeTypes } from '../../temporal/dev-server';
import { type RunningDevServer, startDevServer } from '../../workers/embedded-temporal';
import { findFreePort } from '../../workers/supervisor/ports';

describe('the Temporal dev server', () => {
  const executable = process.env.BALLAST_TEMPORAL_CLI;
  let folder: string;
  let server: RunningDevServer | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ballast-temporal-'));
  });

  afterEach(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(uiPort?: number): Promise<RunningDevServer> {
    if (executable === undefined)
      throw new Error('BALLAST_TEMPORAL_CLI is not set: run the tests with `npm test`.');
    const dbFile = join(folder, 'temporal.db');
    server = await startDevServer({
      executable,
      dbFile,
      log: () => undefined,
      ...(uiPort !== undefined && { uiPort }),
    });
    return server;
  }

  it('knows our search attributes, shows its Web UI, and keeps workflows when killed', async () => {
    const uiPort = await findFreePort();
    const first = await start(uiPort);
    expect((await fetch(`${String(first.uiUrl)}/`)).status).toBe(200);
    let connection = await Connection.connect({ address: first.address });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace: first.namespace,
    });
    expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining(Object.keys(searchAttributeTypes)));
    await new Client({ connection }).workflow.start('position', {
      taskQueue: 'nobody',
      workflowId: 'position/1',
    });
    await connection.close();
    process.kill(first.pid, 'SIGKILL');
    await first.exited;

    const second = await start();
    connection = await Connection.connect({ address: second.address });
    const description = await new Client({ connection }).workflow.getHandle('position/1').describe();
    expect(description.status.name).toBe('RUNNING');
    await connection.close();
  });

  it('says what the program said when it does not start', async () => {
    await expect(startDevServer({ executable: process.execPath, log: () => undefined })).rejects.toThrow(
      /The Temporal dev server ended before it was ready: .*/s,
    );
  });
});

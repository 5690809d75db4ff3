import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeterminismViolationError } from '@temporalio/workflow';
import { DefaultLogger, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import * as workflows from '../../workflows';
import { workflowBundle } from '../workflows/bundle';

const folder = join(__dirname, '..', 'histories');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

const replay = (workflowBundle: WorkflowBundle, file: string): Promise<void> =>
  Worker.runReplayHistory({ workflowBundle }, JSON.parse(readFileSync(join(folder, file), 'utf8')));

/** `npm run histories` records these from a running Ballast. */
describe('committed histories', () => {
  let bundle: WorkflowBundle;

  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    bundle = await workflowBundle();
  });

  it('are there for every workflow', () => {
    const recorded = new Set(files.map((file) => file.split('-')[0]));
    expect([...recorded].sort()).toEqual(Object.keys(workflows).sort());
  });

  it.each(files)('%s replays', async (file) => {
    await replay(bundle, file);
  });

  it('do not replay on a workflow that was changed without a patch', async () => {
    const changed = await workflowBundle('test/replay/fixtures/changed.ts');
    await expect(replay(changed, 'reconciliation-completed-1.json')).rejects.toThrow(
      DeterminismViolationError,
    );
  });
});

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DeterminismViolationError } from '@temporalio/workflow';
import { DefaultLogger, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import * as workflows from '../../workflows';
import { loadScript } from '../bootstrap/scripts';
import { workflowBundle } from '../workflows/bundle';

const folder = join(__dirname, '..', 'histories');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');

const replay = (workflowBundle: WorkflowBundle, file: string): Promise<void> =>
  Worker.runReplayHistory({ workflowBundle }, JSON.parse(read(file)));

/** What of each workflow has to be among the histories: a change of that code then shows whether it breaks what runs. */
const BRANCHES: Readonly<Record<keyof typeof workflows, readonly string[]>> = {
  strategy: [
    'signal pause',
    'signal resume',
    'signal flatten',
    'signal stop',
    'signal configureStrategy',
    'signal pauseForNews',
    'child tradingCycle fails',
    'activity openLane',
    'activity runLane',
    'patch signals-in-order',
    'patch short-runs',
    'continues as new',
    'is continued',
    'completes',
  ],
  tradingCycle: [
    'outcome hold',
    'outcome enter',
    'activity sizePosition',
    'child position',
    'activity askAgent',
    'activity askAgent fails',
    'activity runAgentTool',
    'activity recordProposal',
    'activity concludeAgent',
  ],
  position: [
    'child orderLifecycle runs already',
    'activity recordUnprotected',
    'exit stop',
    'exit strategy',
    'exit flatten',
    'exit unprotected',
    'exit emergency',
    'exit not-entered',
    'activity giveUpPosition',
    'adopts',
    'cancel',
    'patch continue-though-poked',
    'patch adopt-what-appears',
    'continues as new',
    'is continued',
  ],
  orderLifecycle: [
    'entry ends filled',
    'entry ends cancelled',
    'entry ends abandoned',
    'activity cancelOrder',
    'stop ends filled',
    'stop ends cancelled',
    'stop unknown',
    'stop rejected',
    'stop replaces',
    'exit ends filled',
    'exit replaces',
    'continues as new',
    'is continued',
  ],
  accountFeed: ['activity watchAccount fails', 'continues as new', 'is continued'],
  riskDesk: [
    'signal assess',
    'signal configureRiskDesk',
    'update resumeTrading',
    'activity assessAccount fails',
    'child emergencyStop',
    'patch short-runs',
    'continues as new',
    'is continued',
  ],
  emergencyStop: [
    'flat',
    'superseded',
    'carried',
    'activity raiseHalt',
    'cancel',
    'continues as new',
    'patch pauses-in-activities, completes',
  ],
  reconciliation: [
    'adopted',
    'tells poke',
    'findings',
    'signal lookAgain',
    'update reconcile',
    'patch reports-are-kept, completes',
    'carried',
    'continues as new',
    'is continued',
  ],
  newsWatch: [
    'patch breaking-before-judging, completes',
    'activity observeGauges',
    'activity collectNews',
    'activity scoreNews fails',
    'activity writeMoods',
    'activity markAnnounced',
    'tells pauseForNews',
    'tells nobody',
    'completes',
  ],
  reflection: [
    'activity rememberTrade',
    'activity embedMemory',
    'activity embedMemory fails',
    'activity reflectOnTrade',
    'activity reflectOnTrade fails',
    'activity concludeMemory',
    'completes',
  ],
  optimisation: [
    'activity proposeTrials',
    'activity runTrials',
    'activity proposeTrials fails',
    'activity finishSweep',
    'continues as new',
    'is continued',
    'completes',
  ],
  training: [
    'activity planTraining',
    'activity planTraining fails',
    'activity trainStep',
    'activity concludeTraining',
    'completes',
  ],
  backfill: [
    'activity backfillPages',
    'activity backfillPages fails',
    'completes',
    'continues as new',
    'is continued',
  ],
};

interface Tool {
  describeHistory(history: unknown): { readonly type: string; readonly features: ReadonlySet<string> };
  leaksOf(json: string): readonly string[];
}

/** `npm run histories` records these; docs/upgrades.md says when. */
describe('committed histories', () => {
  let bundle: WorkflowBundle;
  let tool: Tool;

  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    tool = await loadScript<Tool>('histories.mjs');
    bundle = await workflowBundle();
  });

  it('are there for every workflow', () => {
    const recorded = new Set(files.map((file) => file.split('-')[0]));
    expect([...recorded].sort()).toEqual(Object.keys(workflows).sort());
  });

  it('have every patch of the workflows', () => {
    const source = join(__dirname, '..', '..', 'workflows');
    const patches = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [...readFileSync(join(source, name), 'utf8').matchAll(/\bpatched\('([^']+)'\)/g)])
      .map(([, id]) => `patch ${id ?? ''}`);
    expect(patches.length).toBeGreaterThan(5);
    const taken = new Set(
      files.flatMap((file) => [...tool.describeHistory(JSON.parse(read(file))).features]),
    );
    expect(patches.filter((patch) => !taken.has(patch))).toEqual([]);
  });

  it.each(Object.entries(BRANCHES))('of %s take every branch that matters', (type, branches) => {
    const described = files.map((file) => tool.describeHistory(JSON.parse(read(file))));
    const taken = new Set(
      described.filter((history) => history.type === type).flatMap(({ features }) => [...features]),
    );
    expect(branches.filter((branch) => !taken.has(branch))).toEqual([]);
  });

  it.each(files)('%s replays', async (file) => {
    await replay(bundle, file);
  });

  it('tell no secret and nothing of a machine, and are small', () => {
    // The search finds what it should: one that finds nothing would prove nothing.
    const payload = (text: string): string => JSON.stringify({ data: Buffer.from(text).toString('base64') });
    expect(tool.leaksOf(payload('{"apiSecret":"x"}'))).toHaveLength(1);
    expect(tool.leaksOf(payload('"postgres://user:word@host/db"'))).toHaveLength(1);
    expect(tool.leaksOf('{"identity": "123@host"}')).toHaveLength(1);
    for (const file of files) {
      expect({ file, leaks: tool.leaksOf(read(file)) }).toEqual({ file, leaks: [] });
      expect(statSync(join(folder, file)).size).toBeLessThan(400_000);
    }
  });

  it('do not replay on a workflow that was changed without a patch', async () => {
    const changed = await workflowBundle('test/replay/fixtures/changed.ts');
    await expect(replay(changed, 'reconciliation-completed-1.json')).rejects.toThrow(
      DeterminismViolationError,
    );
  });
});

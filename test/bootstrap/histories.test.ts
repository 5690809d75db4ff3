import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { startDevServer } from '../../workers/embedded-temporal';
import { waitFor } from '../crash/harness/wait';
import { loadScript, runNode, type ScriptEnd } from './scripts';

interface Candidate {
  readonly json: string;
  readonly features: ReadonlySet<string>;
}
interface Tool {
  choose(candidates: readonly Candidate[], known: ReadonlySet<string>, limit: number): readonly Candidate[];
  describeHistory(history: unknown): { type: string; status: string; features: ReadonlySet<string> };
  withoutMachine(json: string, root: string): string;
  readonly MAX_BYTES: number;
  readonly LONG_TEST: string;
}

const SCRIPT = join(__dirname, '../../scripts/histories.mjs');
const record = (...args: string[]): Promise<ScriptEnd> => runNode([SCRIPT, ...args]);

/** A history of one position that failed after it was given this. */
const failedPosition = (input: string): string =>
  JSON.stringify({
    events: [
      {
        eventId: '1',
        eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED',
        workflowExecutionStartedEventAttributes: {
          workflowType: { name: 'position' },
          input: { payloads: [{ data: Buffer.from(input).toString('base64') }] },
        },
      },
      { eventId: '2', eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_FAILED' },
    ],
  });

const candidate = (size: number, ...features: string[]): Candidate => ({
  json: ' '.repeat(size),
  features: new Set(features),
});

describe('the recorder of histories', () => {
  let tool: Tool;
  let folder: string;
  beforeAll(async () => {
    tool = await loadScript<Tool>('histories.mjs');
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ballast-histories-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('takes the fewest and smallest that exercise what is not known yet', () => {
    const both = candidate(10, 'pause', 'flatten');
    const pause = candidate(1, 'pause');
    const stop = candidate(5, 'stop', 'known');
    const bigStop = candidate(9, 'stop');
    expect(tool.choose([pause, bigStop, both, stop], new Set(['known']), 9)).toEqual([both, stop]);
    expect(tool.choose([pause, bigStop, both, stop], new Set(['known']), 1)).toEqual([both]);
    expect(tool.choose([pause], new Set(['pause']), 9)).toEqual([]);
    expect(tool.choose([candidate(tool.MAX_BYTES + 1, 'pause')], new Set(), 9)).toEqual([]);
  });

  it('reads from a history what it exercises', () => {
    const payload = (value: unknown) => ({ data: Buffer.from(JSON.stringify(value)).toString('base64') });
    const events = [
      {
        eventId: '1',
        eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED',
        workflowExecutionStartedEventAttributes: {
          workflowType: { name: 'position' },
          continuedExecutionRunId: 'earlier',
        },
      },
      {
        eventId: '2',
        eventType: 'EVENT_TYPE_TIMER_STARTED',
        userMetadata: { summary: payload('until 12:30') },
        timerStartedEventAttributes: { timerId: '1' },
      },
      {
        eventId: '3',
        eventType: 'EVENT_TYPE_TIMER_FIRED',
        timerFiredEventAttributes: { timerId: '1', startedEventId: '2' },
      },
      {
        eventId: '4',
        eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED',
        workflowExecutionCompletedEventAttributes: {
          result: { payloads: [payload({ exitReason: 'stop', realisedPnl: '1' })] },
        },
      },
    ];
    const { type, status, features } = tool.describeHistory({ events });
    expect({ type, status, features: [...features] }).toEqual({
      type: 'position',
      status: 'completed',
      features: ['is continued', 'timer fires: until #', 'completes', 'exit stop'],
    });
  });

  it('takes the machine out', () => {
    const told = '{"identity": "4711@box.example", "stackTrace": "at f (/srv/code/workflows/x.ts:1)"}';
    expect(tool.withoutMachine(told, '/srv/code')).toBe(
      '{"identity": "worker", "stackTrace": "at f (/workflows/x.ts:1)"}',
    );
  });

  it.each([
    ['nothing runs', [], /No Temporal answers: no `ballast up` runs here\.\nWhat to do: /],
    [
      'nothing answers',
      ['--address', '127.0.0.1:1'],
      /No Temporal answers at 127\.0\.0\.1:1\.\nWhat to do: /,
    ],
    ['there is nothing to take', ['--from', 'docs'], /There are no histories in docs/],
    ['something else is to be taken', ['--from', '.'], /\.json is no workflow history/],
    ['an argument is unknown', ['--nope'], /'--nope'.*\nUsage: npm run histories/],
    [
      'there is nothing of the only type',
      ['--from', 'test/histories', '--only', 'nonsense'],
      /--only is "nonsense"; the histories found are of accountFeed, /,
    ],
  ])('refuses when %s', async (_, args, message) => {
    const { code, stdout, stderr } = await runNode([SCRIPT, '--out', folder, ...args], {
      BALLAST_STATE_DIR: folder,
    });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    [['position'], /'position'.*\nUsage: npm run histories/],
    [['--only'], /'--only <value>'.*\nUsage: /],
    [['--from', ''], /--from is empty;.*\nUsage: /],
    [['--from', '/nowhere'], /--from is "\/nowhere", which is no folder/],
    [['--from', SCRIPT], /--from is ".*histories\.mjs", which is no folder/],
    [['--out', SCRIPT], /--out is ".*histories\.mjs", which is a file; name a folder\.\nUsage: /],
    [['--limit', 'abc'], /--limit is "abc"; it must be a whole number from 1/],
    [['--limit', '1.5'], /--limit is "1\.5"/],
    [['--limit', '0'], /--limit is "0"/],
    [['--limit=-3'], /--limit is "-3"/],
    [['--staged', '--from', 'docs'], /--staged and --from say two different things/],
    [['--staged', '--namespace', 'x'], /--namespace is that of a server/],
  ])('refuses %j by name', async (args, message) => {
    const { readOptions } = await loadScript<{ readOptions(args: readonly string[]): unknown }>(
      'histories-options.mjs',
    );
    expect(() => readOptions(args)).toThrow(message);
  });

  it('leaves a test out that is there', () => {
    expect(existsSync(join(__dirname, `../workflows/${tool.LONG_TEST}.test.ts`))).toBe(true);
  });

  it('saves nothing that tells a secret, and deletes nothing for it', async () => {
    writeFileSync(join(folder, 'told.json'), failedPosition('{"apiSecret":"x"}'));
    const out = mkdtempSync(join(folder, 'out-'));
    const committed = join(out, 'position-failed-1.json');
    writeFileSync(committed, failedPosition('"old"'));
    const { code, stderr } = await record('--from', folder, '--out', out, '--fresh');
    expect(stderr).toMatch(/A history of position is not saved, for it tells "apiSecret":/);
    expect(code).toBe(1);
    expect(readdirSync(out)).toEqual(['position-failed-1.json']);
    expect(readFileSync(committed, 'utf8')).toBe(failedPosition('"old"'));
  });

  it('adds nothing that is known, and puts fresh ones in the place of the old', async () => {
    writeFileSync(join(folder, 'told.json'), failedPosition('"new"'));
    const out = mkdtempSync(join(folder, 'out-'));
    writeFileSync(join(out, 'position-failed-7.json'), failedPosition('"old"'));
    const added = await record('--from', folder, '--out', out);
    expect(added.stdout).toBe('position\n  nothing that the committed ones do not exercise\n');
    expect(readdirSync(out)).toEqual(['position-failed-7.json']);
    const replaced = await record('--from', folder, '--out', out, '--fresh');
    expect(replaced.stdout).toMatch(/^position\n {2}position-failed-1\.json/);
    expect(readdirSync(out)).toEqual(['position-failed-1.json']);
    expect(readFileSync(join(out, 'position-failed-1.json'), 'utf8')).toBe(`${failedPosition('"new"')}\n`);
  });

  it('records from a server, in the namespace that is named', async () => {
    const executable = process.env.BALLAST_TEMPORAL_CLI;
    if (executable === undefined)
      throw new Error('BALLAST_TEMPORAL_CLI is not set: run the tests with `npm test`.');
    const server = await startDevServer({ executable, log: () => undefined });
    const connection = await Connection.connect({ address: server.address });
    try {
      const from = (...args: string[]): Promise<ScriptEnd> =>
        record('--address', server.address, '--out', folder, ...args);
      const empty = await from();
      expect(empty.stderr).toMatch(/ has no workflows in namespace default\.\nWhat to do: /);
      const { workflow } = new Client({ connection });
      const handle = await workflow.start('position', { taskQueue: 'nobody', workflowId: 'position/1' });
      await handle.signal('poke');
      await waitFor('the run to be listed', async () =>
        (await workflow.count("ExecutionStatus = 'Running'")).count > 0 ? true : undefined,
      );
      const nowhere = await from('--namespace', 'nowhere');
      expect(nowhere.stderr).toMatch(/ tells nothing of namespace nowhere: .*nowhere/);
      expect(nowhere.stderr).not.toMatch(/^\s+at /m);
      expect([empty.code, nowhere.code, ...readdirSync(folder)]).toEqual([1, 1]);

      const { code, stdout } = await from();
      expect(stdout).toMatch(/^position\n {2}position-running-1\.json \(\d+ kB\)\n$/);
      expect(code).toBe(0);
      const saved = tool.describeHistory(
        JSON.parse(readFileSync(join(folder, 'position-running-1.json'), 'utf8')),
      );
      expect({ ...saved, features: [...saved.features] }).toEqual({
        ...{ type: 'position', status: 'running', features: ['signal poke'] },
      });
    } finally {
      await connection.close();
      await server.stop();
    }
  });
});

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadScript, runNode } from './scripts';

interface Candidate {
  readonly json: string;
  readonly features: ReadonlySet<string>;
}
interface Tool {
  choose(candidates: readonly Candidate[], known: ReadonlySet<string>, limit: number): readonly Candidate[];
  describeHistory(history: unknown): { type: string; status: string; features: ReadonlySet<string> };
  withoutMachine(json: string, root: string): string;
  readonly MAX_BYTES: number;
}

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
  ])('refuses when %s', async (_, args, message) => {
    const script = join(__dirname, '../../scripts/histories.mjs');
    const { code, stderr } = await runNode([script, '--out', folder, ...args], { BALLAST_STATE_DIR: folder });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('saves nothing that tells a secret', async () => {
    const events = [
      {
        eventId: '1',
        eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED',
        workflowExecutionStartedEventAttributes: {
          workflowType: { name: 'position' },
          input: { payloads: [{ data: Buffer.from('{"apiSecret":"x"}').toString('base64') }] },
        },
      },
      { eventId: '2', eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_FAILED' },
    ];
    writeFileSync(join(folder, 'told.json'), JSON.stringify({ events }));
    const out = join(folder, 'out');
    const script = join(__dirname, '../../scripts/histories.mjs');
    const { code, stderr } = await runNode([script, '--from', folder, '--out', out]);
    expect(stderr).toMatch(/A history of position is not saved, for it tells "apiSecret":/);
    expect(code).toBe(1);
    expect(readdirSync(out)).toEqual([]);
  });
});

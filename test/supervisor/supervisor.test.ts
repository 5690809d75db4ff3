import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { identifyProcess, isRunning } from '../../workers/process-identity';
import { inStartOrder, startSupervisor, type Supervisor } from '../../workers/supervisor';
import { backOffDelayMs } from '../../workers/supervisor/supervised-child';
import { ChildPhase, type ChildSpec, defaultRestartPolicy } from '../../workers/supervisor/types';
import { quickPolicy, Stage, stateOf, waitFor } from './harness';

describe('a supervisor', () => {
  let stage: Stage;
  let supervisor: Supervisor | undefined;

  beforeEach(() => {
    stage = new Stage();
    supervisor = undefined;
  });

  afterEach(async () => {
    await supervisor?.stop();
    stage.remove();
  });

  async function start(...children: ChildSpec[]): Promise<Supervisor> {
    supervisor = await startSupervisor({ children, stateDir: stage.stateDir, policy: quickPolicy });
    return supervisor;
  }

  it('starts children after those they depend on, and stops them before', async () => {
    const running = await start(
      stage.child('worker', { dependsOn: ['server'] }),
      stage.child('server', { dependsOn: ['database'] }),
      stage.child('database'),
    );
    await running.allReady;
    await running.stop();
    expect(stage.events()).toEqual([
      'database started',
      'server started',
      'worker started',
      'worker stopped',
      'server stopped',
      'database stopped',
    ]);
    expect(running.states().map(({ phase }) => phase)).toEqual(['stopped', 'stopped', 'stopped']);
    expect(await running.ended).toEqual({});
  });

  it('restarts a killed child and says why, the others stay', async () => {
    const running = await start(stage.child('a'), stage.child('b'));
    await running.allReady;
    const before = stateOf(running.states(), 'a');
    process.kill(before.pid ?? 0, 'SIGKILL');
    await waitFor(
      () => stage.pidsOf('a').length === 2 && stateOf(running.states(), 'a').phase === ChildPhase.Ready,
    );
    expect(stateOf(running.states(), 'a')).toMatchObject({
      phase: ChildPhase.Ready,
      restarts: 1,
      pid: stage.pidsOf('a')[1],
      reason: expect.stringContaining('a was ended by SIGKILL') as string,
    });
    expect(stateOf(running.states(), 'b').restarts).toBe(0);
  });

  it('keeps restarting a child that was up once, however often it dies', async () => {
    const running = await start(stage.child('a'));
    await running.allReady;
    for (let death = 1; death <= quickPolicy.maxFailedStarts + 1; death += 1) {
      await waitFor(
        () => stateOf(running.states(), 'a').phase === ChildPhase.Ready && stage.pidsOf('a').length === death,
      );
      process.kill(stage.pidsOf('a')[death - 1] ?? 0, 'SIGKILL');
      await waitFor(() => stage.pidsOf('a').length === death + 1);
    }
    expect(stateOf(running.states(), 'a').reason).toContain('4 times in a row');
  });

  it('gives up on a child that never comes up, says why, and stops the rest', async () => {
    const script = 'console.error("no such table"); process.exit(3)';
    const broken: ChildSpec = {
      ...stage.child('broken', { dependsOn: ['database'] }),
      command: process.execPath,
      args: ['-e', script],
    };
    const running = await start(stage.child('database'), broken);
    await expect(running.allReady).rejects.toThrow(
      /broken exited with code 3, 3 times in a row; log: .*broken\.log\nno such table/,
    );
    const { failure } = await running.ended;
    expect(failure).toContain('no such table');
    expect(stateOf(running.states(), 'broken')).toMatchObject({ phase: ChildPhase.Failed, restarts: 2 });
    expect(stage.events()).toEqual(['database started', 'database stopped']);
  });

  it('goes on without an optional child that never comes up, and never stops trying', async () => {
    const broken: ChildSpec = {
      ...stage.child('broken', { dependsOn: ['database'], isOptional: true }),
      ...{ command: process.execPath, args: ['-e', 'process.exit(3)'] },
    };
    const running = await start(stage.child('database'), broken);
    await running.allReady;
    await waitFor(() => stateOf(running.states(), 'broken').restarts > quickPolicy.maxFailedStarts + 1);
    expect(stateOf(running.states(), 'broken').phase).not.toBe(ChildPhase.Failed);
    expect(stateOf(running.states(), 'database')).toMatchObject({ phase: ChildPhase.Ready, restarts: 0 });
    await running.stop();
    expect(await running.ended).toEqual({});
  });

  it('counts a failed preparation and a program that does not exist as failed starts', async () => {
    const running = await start(
      stage.child('a', { prepare: () => Promise.reject(new Error('the disk is full')), dependsOn: ['b'] }),
      stage.child('b'),
    );
    await expect(running.allReady).rejects.toThrow(/a the disk is full, 3 times in a row/);
    await running.ended;
    const second = await start(stage.child('c', { command: '/no/such/program' }));
    await expect(second.allReady).rejects.toThrow(/ENOENT/);
  });

  it('kills a child that is not ready in time', async () => {
    const never: Partial<ChildSpec> = {
      readyTimeoutMs: 50,
      ready: () => new Promise(() => undefined),
    };
    const running = await start(stage.child('slow', never));
    await expect(running.allReady).rejects.toThrow('slow was not ready within 0.05 s');
  });

  it('kills a child that does not stop when asked', async () => {
    const running = await start(stage.child('stubborn', { stubborn: true, stopTimeoutMs: 100 }));
    await running.allReady;
    const identity = identifyProcess(stage.pidsOf('stubborn')[0] ?? 0);
    expect(identity).toBeDefined();
    await running.stop();
    expect(identity && isRunning(identity)).toBe(false);
  });

  it('writes what the children print to their log files', async () => {
    const running = await start(stage.child('a'));
    await running.allReady;
    await running.stop();
    expect(readFileSync(join(stage.stateDir, 'logs/a.log'), 'utf8')).toBe('a says hello\n');
  });

  it('stops while children are not ready yet and others wait for them', async () => {
    const never: Partial<ChildSpec> = { ready: () => new Promise(() => undefined) };
    const running = await start(
      stage.child('server', never),
      stage.child('client', { dependsOn: ['server'] }),
    );
    await waitFor(() => stage.events().includes('server started'));
    await running.stop();
    await expect(running.allReady).rejects.toThrow('Stopped before everything was ready');
    expect(stage.events()).toEqual(['server started', 'server stopped']);
  });
});

describe('the order of starting', () => {
  const child = (name: string, ...dependsOn: string[]): ChildSpec => ({
    name,
    dependsOn,
    command: 'true',
    args: [],
    env: {},
    ready: () => Promise.resolve(),
  });

  it('puts dependencies first and keeps the given order otherwise', () => {
    const ordered = inStartOrder([child('d', 'b', 'c'), child('c', 'a'), child('b', 'a'), child('a')]);
    expect(ordered.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
  });

  it.each([
    ['a circle', [child('a', 'b'), child('b', 'a')], 'a → b → a'],
    ['an unknown dependency', [child('a', 'x')], 'a depends on x'],
    ['two of one name', [child('a'), child('a')], 'same name'],
  ])('refuses %s', (_, children, message) => {
    expect(() => inStartOrder(children)).toThrow(message);
  });
});

describe('the pause before a restart', () => {
  it.each([
    [1, 250],
    [2, 500],
    [5, 4_000],
    [8, 30_000],
    [1_000, 30_000],
  ])('after %d failures in a row is %d ms', (failures, delayMs) => {
    expect(backOffDelayMs(defaultRestartPolicy, failures)).toBe(delayMs);
  });
});

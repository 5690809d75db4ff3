import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identifyProcess, type ProcessIdentity } from '../../workers/process-identity';
import { startSupervisor, type Supervisor } from '../../workers/supervisor';
import { Stage, waitUntilGone } from './harness';

/** A supervisor in a process of its own, with one child that stops when asked and one that does not. */
async function startProcess(stage: Stage): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    [join(__dirname, 'fixtures/supervise.cjs'), stage.stateDir, stage.journal],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(child.stdout, 'data');
  return child;
}

function children(stage: Stage): ProcessIdentity[] {
  return ['tame', 'stubborn'].flatMap((name) =>
    stage
      .pidsOf(name)
      .map((pid) => identifyProcess(pid) ?? [])
      .flat(),
  );
}

describe('when the supervisor itself is', () => {
  let stage: Stage;
  let later: Supervisor | undefined;

  beforeEach(() => {
    stage = new Stage();
    later = undefined;
  });

  afterEach(async () => {
    await later?.stop();
    stage.remove();
  });

  it('killed, its children end with it, and the next one takes its place', async () => {
    const supervisor = await startProcess(stage);
    const running = children(stage);
    expect(running).toHaveLength(2);
    supervisor.kill('SIGKILL');
    for (const child of running) await waitUntilGone(child);
    later = await startSupervisor({ children: [stage.child('later')], stateDir: stage.stateDir });
    await later.allReady;
    expect(later.endedLeftovers).toEqual([]);
  });

  it('told to stop twice by the same Ctrl-C, it stops in order; told again later, it kills', async () => {
    const supervisor = await startProcess(stage);
    const [tame, stubborn] = children(stage);
    if (tame === undefined || stubborn === undefined) throw new Error('Both children run');
    supervisor.kill('SIGINT');
    supervisor.kill('SIGINT');
    await waitUntilGone(tame);
    expect(identifyProcess(stubborn.pid)).toEqual(stubborn);
    await sleep(1_100);
    const exited = once(supervisor, 'exit');
    supervisor.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
    expect(identifyProcess(stubborn.pid)).toBeUndefined();
    expect(stage.events()).toContain('tame stopped');
  });
});

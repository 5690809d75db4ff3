import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { identifyProcess, isRunning, type ProcessIdentity } from '../../workers/process-identity';
import { claimStateFolder, startSupervisor } from '../../workers/supervisor';
import { RotatingLog } from '../../workers/supervisor/log-file';
import { acquireSupervisorLock, SupervisorRunningError } from '../../workers/supervisor/lock';
import { choosePorts, findFreePort } from '../../workers/supervisor/ports';
import { endLeftovers, recordChildren } from '../../workers/supervisor/recorded-children';
import { Stage, waitUntilGone } from './harness';

let stage: Stage;

beforeEach(() => {
  stage = new Stage();
});

afterEach(() => {
  stage.remove();
});

function ownIdentity(): ProcessIdentity {
  const self = identifyProcess(process.pid);
  if (self === undefined) throw new Error('This process runs');
  return self;
}

function deadIdentity(): ProcessIdentity {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  return { ...ownIdentity(), pid };
}

describe('the lock of a state folder', () => {
  const lockFile = (): string => join(stage.stateDir, 'supervisor.lock');

  it('lets one in, names it to the second, and is free afterwards', () => {
    const release = acquireSupervisorLock(stage.stateDir);
    expect(() => acquireSupervisorLock(stage.stateDir)).toThrow(SupervisorRunningError);
    expect(() => acquireSupervisorLock(stage.stateDir)).toThrow(`process ${process.pid}`);
    release();
    acquireSupervisorLock(stage.stateDir)();
    expect(readdirSync(stage.stateDir)).toEqual([]);
  });

  it.each([
    ['of a dead process', () => JSON.stringify(deadIdentity())],
    ['of a process whose pid another has got', () => JSON.stringify({ ...ownIdentity(), startedAt: '1' })],
    ['that cannot be read', () => '{"pid":'],
  ])('%s is taken over', (_, content) => {
    writeFileSync(lockFile(), content());
    const release = acquireSupervisorLock(stage.stateDir);
    expect(JSON.parse(readFileSync(lockFile(), 'utf8'))).toEqual(ownIdentity());
    release();
  });
});

describe('processes left over from a killed supervisor', () => {
  let child: ChildProcess;
  let identity: ProcessIdentity;

  beforeEach(() => {
    child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60000)'], {
      detached: true,
      stdio: 'ignore',
    });
    const found = identifyProcess(child.pid ?? 0);
    if (found === undefined) throw new Error('The child runs');
    identity = found;
  });

  afterEach(() => {
    child.kill('SIGKILL');
  });

  it('are ended when they are the ones on record', async () => {
    recordChildren(stage.stateDir, [{ ...identity, name: 'worker', orphanSignal: 'SIGTERM' }]);
    expect(await endLeftovers(stage.stateDir)).toEqual(['worker']);
    await waitUntilGone(identity);
  });

  it('are left alone when they have only got the number', async () => {
    recordChildren(stage.stateDir, [
      { ...identity, startedAt: '1', name: 'worker', orphanSignal: 'SIGKILL' },
    ]);
    expect(await endLeftovers(stage.stateDir)).toEqual([]);
    expect(isRunning(identity)).toBe(true);
  });
});

describe('a claim of a state folder', () => {
  it('is handed to the supervisor, which gives it up at its end', async () => {
    const claim = await claimStateFolder(stage.stateDir);
    await expect(claimStateFolder(stage.stateDir)).rejects.toThrow(SupervisorRunningError);
    const supervisor = await startSupervisor({
      children: [stage.child('a')],
      stateDir: stage.stateDir,
      claim,
    });
    await supervisor.allReady;
    await supervisor.stop();
    (await claimStateFolder(stage.stateDir)).release();
  });
});

describe('ports', () => {
  const listen = (port: number): Promise<Server> =>
    new Promise((resolve, reject) => {
      const server = createServer()
        .once('error', reject)
        .listen(port, '127.0.0.1', () => {
          resolve(server);
        });
    });
  const close = (server: Server): Promise<unknown> => new Promise((resolve) => server.close(resolve));

  it('are the preferred ones while free', async () => {
    const preferred = { postgres: await findFreePort() };
    expect(await choosePorts(stage.stateDir, preferred)).toEqual({ ports: preferred, moved: [] });
  });

  it('move when taken, say so, and stay where they went', async () => {
    const taken = await findFreePort();
    const server = await listen(taken);
    const first = await choosePorts(stage.stateDir, { ui: taken });
    expect(first.ports.ui).not.toBe(taken);
    expect(first.moved).toEqual([{ name: 'ui', preferred: taken, chosen: first.ports.ui }]);
    await close(server);
    expect(await choosePorts(stage.stateDir, { ui: taken })).toEqual(first);
  });

  it('follow a changed preference, and never fall on each other', async () => {
    const [one, two] = [await findFreePort(), await findFreePort()];
    await choosePorts(stage.stateDir, { grpc: one });
    const { ports } = await choosePorts(stage.stateDir, { grpc: two, ui: two, http: 0 });
    expect(ports.grpc).toBe(two);
    expect(new Set(Object.values(ports)).size).toBe(3);
  });
});

describe('a log file', () => {
  it('is set aside when full, the oldest is dropped', () => {
    const log = new RotatingLog(join(stage.stateDir, 'logs/x.log'), 10);
    for (const line of ['one45678\n', 'two45678\n', 'three678\n', 'four5678\n', 'five5678\n'])
      log.write(line);
    log.close();
    const kept = readdirSync(join(stage.stateDir, 'logs')).sort();
    expect(kept).toEqual(['x.log', 'x.log.1', 'x.log.2', 'x.log.3']);
    expect(kept.map((name) => readFileSync(join(stage.stateDir, 'logs', name), 'utf8').trim())).toEqual([
      'five5678',
      'four5678',
      'three678',
      'two45678',
    ]);
    expect(log.tail(2)).toBe('four5678\nfive5678');
  });

  it('goes on where it was', () => {
    const path = join(stage.stateDir, 'x.log');
    for (const line of ['first\n', 'second\n']) {
      const log = new RotatingLog(path);
      log.write(line);
      log.close();
    }
    expect(readFileSync(path, 'utf8')).toBe('first\nsecond\n');
  });
});

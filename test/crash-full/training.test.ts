import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHistory } from '../../adapters/history/history';
import { candlesKey } from '../../adapters/history/port';
import { candleRows } from '../../adapters/history/rows';
import { createModelRegistry, modelFolder } from '../../adapters/models/registry';
import { PriceKind } from '../../domain/series';
import { clockMarket } from '../backtest/learn/setup';
import { Instant, type Verdict } from '../crash/harness/moments';
import { startServers, type Servers } from '../crash/harness/servers';
import { waitFor } from '../crash/harness/wait';
import type { WorkerProcess } from '../crash/harness/worker-process';
import { World } from '../crash/harness/world';

const SYMBOL = 'BTC/USDT';
const MARKET = [
  ...['--symbol', SYMBOL, '--timeframe', '1h', '--horizon', '6', '--json'],
  ...['--features', 'change1,change6,atrPercent,bodyShare,hour'],
];
const FOLDS = 6;
const SIGNAL = [
  ...['train', 'learned', '--folds', String(FOLDS), '--trees', '400', '--depth', '5'],
  ...MARKET,
];
const ADJUSTER = [
  ...['train', 'adjuster', '--strategy', 'ema-cross', '--param', 'fast=3', '--param', 'slow=8'],
  ...['--param', 'minAdx=null', '--seeds', '3', '--iterations', '40', ...MARKET],
];
/** After its thread has been given everything, a step is in its middle for longer than this, by a factor of three and more. */
const INTO_A_STEP_MS = 300;
/** What a pipe holds when nobody reads it: whoever writes more is in the middle until somebody does. */
const PIPE_BYTES = 65_536;

const QUESTION = ['SELECT FROM training_parts'];
const GROUND = ['UPDATE trainings SET ground'];
const PART = ['INSERT INTO training_parts'];
const OUTCOME = ['UPDATE trainings SET outcome'];
const FOUND = ['SELECT definition, ground, outcome FROM trainings'];

interface Model {
  readonly id: string;
  readonly checksum: string;
  /** Of the model's file, but for the time at which it was made. */
  readonly hash: string;
  readonly bytes: number;
}

describe('SIGKILL during a durable training', () => {
  let servers: Servers;
  let world: World;
  let folder: string;
  beforeAll(async () => {
    servers = await startServers();
  });
  beforeEach(async () => {
    world = await World.open(servers, { name: `training_${Math.floor(performance.now())}` });
    folder = modelFolder(join(world.folder, 'state'));
    const key = { venue: 'walk', symbol: SYMBOL, timeframe: '1h', price: PriceKind.Last } as const;
    await createHistory(world.pool).write(candlesKey(key), candleRows(clockMarket(1, 4_000, 0.002)));
  });
  afterEach(() => world.close());
  afterAll(() => servers.close());

  const ballast = async (args: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await world.ballast(...args);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  };

  function modelIn(id: string): Model {
    const text = readFileSync(join(folder, `${id}.json`), 'utf8');
    const timeless = text.replace(/"trainedAt":"[^"]+"/, '"trainedAt":""');
    return {
      ...{ id, checksum: createModelRegistry(folder).load(id).checksum },
      ...{ hash: createHash('sha256').update(timeless).digest('hex'), bytes: text.length },
    };
  }

  /** What one process comes to that nobody disturbs. Its model is not left where the worker's will be. */
  async function undisturbed(args: readonly string[]): Promise<Model> {
    const { id } = (await ballast(args)) as { readonly id: string };
    const model = modelIn(id);
    rmSync(folder, { recursive: true });
    return model;
  }

  /** Has the worker train; the command, which would keep the model too, does not wait for it. */
  async function begin(args: readonly string[]) {
    const started = (await ballast([...args, '--durable', '--detach'])) as {
      readonly workflowId: string;
      readonly trainingId: string;
    };
    const { workflowId, trainingId } = started;
    return { trainingId, handle: world.client.workflow.getHandle(workflowId) };
  }
  type Training = Awaited<ReturnType<typeof begin>>;

  const partsOf = async ({ trainingId }: Training): Promise<readonly number[]> => {
    const { rows } = await world.pool.query<{ step: number }>(
      'SELECT step FROM training_parts WHERE training_id = $1 ORDER BY step',
      [trainingId],
    );
    return rows.map(({ step }) => step);
  };

  /** Waits for the end of a training: one model, that of the undisturbed one, each step once, and nothing else. */
  async function expectAsUndisturbed(training: Training, expected: Model, steps: number): Promise<void> {
    expect(await training.handle.result()).toEqual({ steps, made: steps, modelId: expected.id });
    expect(await partsOf(training)).toEqual(Array.from({ length: steps }, (_, step) => step));
    expect(readdirSync(folder).sort()).toEqual(['index.json', `${expected.id}.json`].sort());
    expect(modelIn(expected.id)).toEqual(expected);
    const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as unknown;
    expect(index).toEqual([expect.objectContaining({ id: expected.id, checksum: expected.checksum })]);
    expect(createModelRegistry(folder).list()).toMatchObject({ models: [{ id: expected.id }], faults: [] });
  }

  const kill = (instant: Instant, words: readonly string[]): Promise<WorkerProcess> =>
    world.when(instant, words, (worker) => {
      worker.kill();
      return 'drop';
    });

  /** Waits until a step is being made. */
  async function untilInAStep(): Promise<void> {
    let given: Promise<unknown> | undefined;
    await world.when(Instant.Written, QUESTION, () => {
      given = world.when(Instant.Written, GROUND, () => 'pass');
      return 'pass';
    });
    await given;
    await sleep(INTO_A_STEP_MS);
  }

  async function killInAStep(training: Training): Promise<void> {
    await untilInAStep();
    const before = await partsOf(training);
    world.worker.kill();
    expect(await partsOf(training)).toEqual(before);
  }

  /** The next time that the worker concludes, a pipe lies where it writes this file. @returns the pipe */
  async function layPipe(name: string): Promise<string> {
    let pipe = '';
    await world.when(Instant.Statement, FOUND, (worker): Verdict => {
      pipe = join(folder, `${name}.${worker.pid}.new`);
      execFileSync('mkdir', ['-p', folder]);
      execFileSync('mkfifo', [pipe]);
      return 'pass';
    });
    return pipe;
  }

  /** Leaves on the disk what the worker has written of a file until it was killed. */
  const leave = (pipe: string, written: Buffer): void => {
    rmSync(pipe);
    writeFileSync(pipe, written);
  };

  async function killInTheModelsFile(id: string): Promise<void> {
    const pipe = await layPipe(`${id}.json`);
    const handle = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const written = Buffer.alloc(1_000);
    await waitFor('the model to be written', () => (readSync(handle, written) > 0 ? true : undefined));
    world.worker.kill();
    closeSync(handle);
    leave(pipe, written);
    expect(existsSync(join(folder, `${id}.json`))).toBe(false);
  }

  async function killInTheIndex(id: string): Promise<void> {
    const pipe = await layPipe('index.json');
    await waitFor('the model to be there', () => (existsSync(join(folder, `${id}.json`)) ? true : undefined));
    world.worker.kill();
    leave(pipe, Buffer.from('[{"id":'));
    expect(existsSync(join(folder, 'index.json'))).toBe(false);
  }

  it('of the worker: a model of entries is that of an undisturbed training', async () => {
    const expected = await undisturbed(SIGNAL);
    expect(expected.bytes).toBeGreaterThan(PIPE_BYTES + 1_000);
    const { starts } = world.worker;
    const first = kill(Instant.Write, GROUND);
    const training = await begin(SIGNAL);
    await first;
    await kill(Instant.Written, GROUND);
    await killInAStep(training);
    for (const instant of [Instant.Write, Instant.Written, Instant.Write]) await kill(instant, PART);
    await killInAStep(training);
    for (const instant of [Instant.Write, Instant.Written]) await kill(instant, OUTCOME);
    await killInTheModelsFile(expected.id);
    await killInTheIndex(expected.id);
    await expectAsUndisturbed(training, expected, FOLDS);
    expect(world.worker.starts).toBe(starts + 11);
    // Asked again, the running system has it.
    await expectAsUndisturbed(await begin(SIGNAL), expected, FOLDS);
    // Eleven lives take their time.
  }, 600_000);

  it('of the worker: an adjuster is that of an undisturbed training', async () => {
    const expected = await undisturbed(ADJUSTER);
    const training = await begin(ADJUSTER);
    await killInAStep(training);
    for (const instant of [Instant.Write, Instant.Written]) await kill(instant, PART);
    await kill(Instant.Written, OUTCOME);
    await expectAsUndisturbed(training, expected, 3);
  });

  it('of Temporal and PostgreSQL: the training waits for them, and goes on', async () => {
    const expected = await undisturbed(SIGNAL);
    const training = await begin(SIGNAL);
    await world.when(Instant.Write, PART, () => {
      servers.postgres.kill();
      return 'drop';
    });
    const goesOn = untilInAStep();
    await servers.postgres.restart();
    await goesOn;
    servers.temporal.kill();
    await servers.temporal.restart();
    await expectAsUndisturbed(training, expected, FOLDS);
  });

  it('of nobody, but a worker stalls: what it makes late, and another has made, counts once', async () => {
    const expected = await undisturbed(SIGNAL);
    const training = await begin(SIGNAL);
    await untilInAStep();
    const { worker: stalled } = world;
    stalled.stall();
    await world.startWorker('b');
    await expectAsUndisturbed(training, expected, FOLDS);
    stalled.resume();
    // It ends when all that it still had to do is done, or given up.
    await stalled.drain();
    await expectAsUndisturbed(training, expected, FOLDS);
  });
});

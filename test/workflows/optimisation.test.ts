import { search, type SearchPlan } from '../../backtest/optimise/search';
import type { Point } from '../../backtest/optimise/space';
import {
  optimisationProgressQuery,
  workflowIds,
  type OptimisationInput,
  type OptimisationProgress,
} from '../../workflows/contract';
import type { optimisation } from '../../workflows';
import { Harness, type World } from './harness';

const plan: SearchPlan = {
  space: { x: { kind: 'float', low: -5, high: 5 }, n: { kind: 'int', low: 1, high: 40 } },
  ...{ method: 'tpe', trials: 60, seed: 11, batch: 8 },
};
/** A bowl with its best place at 2 and 10, and no score on one side. */
const score = ({ x, n }: Point): number | null =>
  Number(x) < -4 ? null : -((Number(x) - 2) ** 2) - (Number(n) - 10) ** 2 / 50;
const undisturbed = search(plan, { allows: () => true, evaluate: (point) => ({ score: score(point) }) });

describe('the optimisation as a workflow', () => {
  let harness: Harness;
  let world: World;
  beforeAll(async () => {
    harness = await Harness.start();
  });
  afterAll(() => harness.shutdown());
  beforeEach(async () => {
    world = await harness.newWorld();
    world.sweeps.plans.set('s', plan);
    world.sweeps.score = score;
  });

  const start = (name: string, change: Partial<OptimisationInput> = {}) =>
    harness.start<typeof optimisation>('optimisation', workflowIds.job('optimise', name), {
      ...{ sweepId: 's', title: 'a bowl', partSize: 3 },
      ...change,
    });
  const best = undisturbed.best && { number: undisturbed.best.number, score: undisturbed.best.score ?? NaN };
  const all: Partial<OptimisationProgress> = { trials: 60, batches: 8, done: true, best };
  const points = () => world.sweeps.triedOf('s').map(({ point, draw }) => ({ point, draw }));
  const expectUndisturbed = (): void => {
    expect(points()).toEqual(undisturbed.trials.map(({ point, draw }) => ({ point, draw })));
    expect(world.sweeps.tried).toBe(60);
    expect(world.sweeps.finished).toEqual(['s']);
  };

  it('makes the trials that a search in one process makes, part by part', async () => {
    const handle = await start('whole');
    expect(await handle.result()).toEqual(all);
    expectUndisturbed();
    const count = (name: string): number => world.calls.filter((call) => call.name === name).length;
    // 60 trials are seven batches of eight and one of four: three and two parts of three.
    expect([count('proposeTrials'), count('runTrials')]).toEqual([9, 7 * 3 + 2]);
    expect(await handle.query(optimisationProgressQuery)).toEqual(all);
  });

  it('comes to the same when activities die in the middle, and makes no trial twice', async () => {
    const deadly = new Set([0, 4, 17, 18, 59]);
    world.sweeps.afterTrial = (number) => {
      if (deadly.delete(number)) throw new Error('the worker died');
    };
    expect(await (await start('deaths')).result()).toEqual(all);
    expect(deadly.size).toBe(0);
    expectUndisturbed();
  });

  it('goes on as new, and in a run that was ended and begun again', async () => {
    const handle = await start('anew', { batchesPerRun: 3 });
    expect(await handle.result()).toEqual(all);
    expect(await harness.wasContinued(handle.workflowId)).toBe(true);
    expectUndisturbed();
    const again = await start('again');
    expect(await again.result()).toMatchObject({ trials: 0, done: true });
    expect(world.sweeps.tried).toBe(60);
  });

  it('fails with what is wrong when trying again is of no use', async () => {
    const failure: unknown = await (
      await start('none', { sweepId: 'none' })
    )
      .result()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ cause: { cause: { message: 'There is no sweep none. Begin one.' } } });
  });

  it('keeps points and results out of its history', async () => {
    const handle = await start('small');
    await handle.result();
    const history = JSON.stringify(await handle.fetchHistory());
    expect(history.length / 60).toBeLessThan(5_000);
    expect(Buffer.from(history).includes('"x"')).toBe(false);
  });
});

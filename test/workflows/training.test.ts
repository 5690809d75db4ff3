import { trainingProgressQuery, workflowIds } from '../../workflows/contract';
import type { training } from '../../workflows';
import { Harness, type World } from './harness';

const STEPS = 6;
/** 0² + 1² + … + 5² */
const MODEL = 'signal-55';

describe('the training as a workflow', () => {
  let harness: Harness;
  let world: World;
  beforeAll(async () => {
    harness = await Harness.start();
  });
  afterAll(() => harness.shutdown());
  beforeEach(async () => {
    world = await harness.newWorld();
    world.trainings.plans.set('t', STEPS);
  });

  const start = (name: string, trainingId = 't') =>
    harness.start<typeof training>('training', workflowIds.job('train', name), {
      ...{ trainingId, title: 'a model' },
    });
  const all = { steps: STEPS, made: STEPS, modelId: MODEL };

  it('makes every step once, and puts them together', async () => {
    const handle = await start('whole');
    expect(await handle.result()).toEqual(all);
    expect(await handle.query(trainingProgressQuery)).toEqual(all);
    expect(world.trainings.made).toBe(STEPS);
    expect(world.trainings.models.get('t')).toBe(MODEL);
  });

  it('comes to the same when workers die, before or after a step is kept, and makes none again that was', async () => {
    const deaths = new Set(['0 false', '2 true', '3 false', '5 true']);
    world.trainings.onStep = (step, isKept) => {
      if (deaths.delete(`${step} ${isKept}`)) throw new Error('the worker died');
    };
    expect(await (await start('deaths')).result()).toEqual(all);
    expect(deaths.size).toBe(0);
    expect(world.trainings.made).toBe(STEPS);
    const tries = world.calls.filter(({ name }) => name === 'trainStep');
    expect(tries).toHaveLength(STEPS + 4);
  });

  it('begun again has nothing left to learn', async () => {
    await (await start('first')).result();
    expect(await (await start('again')).result()).toEqual(all);
    expect(world.trainings.made).toBe(STEPS);
  });

  it('fails with what is wrong when trying again is of no use', async () => {
    const failure: unknown = await (await start('none', 'none')).result().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      cause: { cause: { message: 'There is no training none. Begin one.' } },
    });
  });
});

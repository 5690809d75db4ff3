import { createTrainingStore, type TrainingStore } from '../../../adapters/store/trainings';
import { createBench, type Bench } from './support';

describe('stored trainings', () => {
  let bench: Bench;
  let store: TrainingStore;
  beforeAll(async () => {
    bench = await createBench(4);
    store = createTrainingStore(bench.pool);
  });
  afterAll(() => bench.close());

  it('are begun and ended once: what was first stays', async () => {
    expect(await store.find('a')).toBeUndefined();
    expect(await store.settle('a', { data: 1 })).toBeNull();
    await store.create('a', { title: 'first' });
    await store.create('a', { title: 'second' });
    expect(await store.find('a')).toEqual({ definition: { title: 'first' }, ground: null, outcome: null });
    expect(await store.settle('a', { data: 1 })).toEqual({ data: 1 });
    expect(await store.settle('a', { data: 2 })).toEqual({ data: 1 });
    expect(await store.conclude('a', { model: 1 })).toEqual({ model: 1 });
    expect(await store.conclude('a', { model: 2 })).toEqual({ model: 1 });
  });

  it('keep each part once, as it was', async () => {
    await store.create('b', {});
    const part = { trees: [{ value: [0.1 + 0.2, -1e-7] }] };
    expect(await store.hasPart('b', 1)).toBe(false);
    await store.keep('b', 1, part);
    await store.keep('b', 1, 'another');
    await store.keep('b', 0, []);
    expect(await store.hasPart('b', 1)).toBe(true);
    expect([...(await store.parts('b'))]).toEqual([
      [0, []],
      [1, part],
    ]);
    await expect(store.keep('none', 0, {})).rejects.toThrow(/foreign key/);
  });
});

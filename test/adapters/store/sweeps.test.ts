import { createSweepStore, type SweepStore } from '../../../adapters/store/sweeps';
import { createBench, type Bench } from './support';

describe('stored sweeps', () => {
  let bench: Bench;
  let store: SweepStore;
  beforeAll(async () => {
    bench = await createBench(4);
    store = createSweepStore(bench.pool);
  });
  afterAll(() => bench.close());

  /** Not in the order of the alphabet, and not what JSON numbers would be after a change. */
  const point = { slow: 20, fast: 0.1 + 0.2, mode: null };

  it('are begun once: what was first stays', async () => {
    expect(await store.find('a')).toBeUndefined();
    expect(await store.settle('a', { data: 1 })).toBeNull();
    await store.create('a', { title: 'first' });
    await store.create('a', { title: 'second' });
    expect(await store.find('a')).toEqual({ definition: { title: 'first' }, ground: null });
    expect(await store.settle('a', { data: 1 })).toEqual({ data: 1 });
    expect(await store.settle('a', { data: 2 })).toEqual({ data: 1 });
  });

  it('keep each trial once, in order, as it was', async () => {
    await store.create('b', {});
    const trials = [0, 1, 2].map((number) => ({
      number,
      draw: 2 * number,
      point: { ...point, slow: number },
    }));
    await store.propose('b', trials.slice(1));
    // Two that propose the same at once.
    await Promise.all([store.propose('b', trials), store.propose('b', trials)]);
    await store.propose(
      'b',
      trials.map((trial) => ({ ...trial, point: {} })),
    );
    expect(await store.trials('b')).toEqual(
      trials.map((trial) => ({ ...trial, result: null, outOfSample: null })),
    );
    const [first] = await store.trials('b');
    expect(JSON.stringify(first?.point)).toBe(JSON.stringify({ ...point, slow: 0 }));
    expect((await store.trials('b', { from: 1, to: 2 })).map(({ number }) => number)).toEqual([1]);
    expect(await store.trials('a')).toEqual([]);
  });

  it('are found by their strategy', async () => {
    const definition = (strategyId: string) => ({ definition: { strategyId } });
    await store.create('mine-2', definition('mine'));
    await store.create('mine-1', definition('mine'));
    await store.create('others', definition('other'));
    expect(await store.of('mine')).toEqual(
      ['mine-1', 'mine-2'].map((sweepId) => ({ sweepId, definition: definition('mine') })),
    );
    expect(await store.of('nobody')).toEqual([]);
  });

  it('keep the first result of a trial', async () => {
    await store.record('b', 1, { score: 0.1 });
    await store.record('b', 1, { score: 9 });
    await store.recordOutOfSample('b', 1, { score: -1 });
    await store.recordOutOfSample('b', 1, { score: 9 });
    await store.record('b', 77, { score: 9 });
    expect((await store.trials('b')).map(({ result, outOfSample }) => [result, outOfSample])).toEqual([
      [null, null],
      [{ score: 0.1 }, { score: -1 }],
      [null, null],
    ]);
  });
});

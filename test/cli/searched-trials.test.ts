import { searchedTrials } from '../../cli/searched-trials';
import { findStrategy } from '../../domain/strategies/registry';

const definition = (fixed: Readonly<Record<string, unknown>>) => ({ definition: { fixed } });
const tried = (point: Readonly<Record<string, unknown>>, sharpe: number | null) => ({
  ...{ number: 0, draw: 0, point, outOfSample: null },
  result: { sharpe: sharpe === null ? null : { sharpe } },
});

const SWEEPS = [
  { sweepId: 'a', definition: definition({ minAdx: null }) },
  { sweepId: 'b', definition: definition({ minAdx: 20 }) },
  { sweepId: 'c', definition: definition({ minAdx: null }) },
];
const TRIALS: Readonly<Record<string, readonly ReturnType<typeof tried>[]>> = {
  a: [
    tried({ fast: 5, slow: 20 }, 0.1),
    tried({ fast: 6, slow: 20 }, 0.3),
    tried({ fast: 7, slow: 20 }, null),
  ],
  b: [tried({ fast: 5, slow: 20 }, 9)],
  c: [tried({ slow: 20, fast: 5 }, 0.2), { ...tried({ fast: 9, slow: 20 }, 9), result: null as never }],
};
const store = {
  of: (strategyId: string) => Promise.resolve(strategyId === 'ema-cross' ? SWEEPS : []),
  trials: (sweepId: string) => Promise.resolve(TRIALS[sweepId] ?? []),
};

const searched = (id: string, parameters: Readonly<Record<string, unknown>>) =>
  searchedTrials(store, findStrategy(id).parse(parameters));

it('counts the trials of every sweep that has tried the settings, those without a ratio too, and none that still waits', async () => {
  const found = await searched('ema-cross', { fast: 5, slow: 20, minAdx: null });
  expect(found).toEqual({
    trials: 4,
    sweeps: ['a', 'c'],
    sharpeVariance: expect.closeTo(0.01, 12) as number,
  });
});

it.each([
  ['settings that nobody has tried', 'ema-cross', { fast: 8, slow: 20, minAdx: null }],
  ['what differs in a fixed one', 'ema-cross', { fast: 5, slow: 20, minAdx: 21 }],
  ['another strategy', 'donchian', {}],
])('knows of no search for %s', async (_, id, parameters) => {
  expect(await searched(id, parameters)).toBeUndefined();
});

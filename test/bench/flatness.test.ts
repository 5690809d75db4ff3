import { flatness } from '../../bench/flatness';
import { judge } from '../../bench/soak';
import type { Sample } from '../../bench/soak-sampler';

const MINUTE_MS = 60_000;
/** Up and down by `swing`, around a level that grows by `perHour`. */
const series = (perHour: number, swing: number, minutes = 60) =>
  Array.from({ length: minutes * 6 }, (_, index) => {
    const wallMs = index * 10_000;
    return [wallMs, 200 + (perHour * wallMs) / 3_600_000 + (index % 2 === 0 ? swing : -swing)] as const;
  });

describe('flatness', () => {
  it.each([
    [0, 10],
    [15, 0],
    [-50, 5],
  ])('growth by %s MB an hour with swings of %s is flat enough', (perHour, swing) => {
    expect(flatness(series(perHour, swing), 20)).toMatchObject({ isFlat: true });
  });

  it.each([
    [30, 0],
    [60, 10],
  ])('growth by %s MB an hour with swings of %s is not', (perHour, swing) => {
    const { isFlat, slopePerHour } = flatness(series(perHour, swing), 20);
    expect(isFlat).toBe(false);
    expect(slopePerHour).toBeCloseTo(perHour, 0);
  });

  it('leaves the warm-up out', () => {
    const warming = series(0, 0).map(([wallMs, value], index) =>
      index < 90 ? ([wallMs, value - 100 + index] as const) : ([wallMs, value] as const),
    );
    const { first, last, slopePerHour } = flatness(warming, 20);
    expect([first, last]).toEqual([200, 200]);
    expect(slopePerHour).toBeCloseTo(0, 9);
  });

  it('needs samples', () => {
    expect(() => flatness(series(0, 0).slice(0, 3), 20)).toThrow('four samples');
  });
});

it('a soak judges our own processes and the heap, and shows the others', () => {
  const samples = series(0, 1, 10).map(([elapsedMs, mb]): Sample => {
    const growing = mb + elapsedMs / MINUTE_MS;
    return {
      elapsedMs,
      rssMb: { worker: growing, emulator: mb, temporal: growing, supervisor: mb },
      heapMb: elapsedMs === 0 ? null : mb / 4,
      handles: 20,
      files: null,
      postgresConnections: 10,
      runningWorkflows: 4,
      longestHistory: 100,
      cycles: 0,
      skippedBars: 0,
    };
  });
  const verdicts = judge(samples).map(({ name, isJudged, isFlat }) => [name, isJudged, isFlat]);
  expect(verdicts).toEqual([
    ['worker', true, false],
    ['emulator', true, true],
    ['temporal', false, false],
    ['supervisor', true, true],
    ['worker heap', true, true],
  ]);
});

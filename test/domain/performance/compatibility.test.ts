import { performanceMetrics } from '../../../domain/performance/metrics';
import type { PerformanceInput } from '../../../domain/performance/types';
import peers from './fixtures/peers.json';

interface PeerCase extends PerformanceInput {
  readonly name: string;
  /** What the tools themselves answered; what is not finite is told by its name. */
  readonly expected: Readonly<Record<string, number | string>>;
}

const cases = peers as unknown as readonly PeerCase[];
const RELATIVE = 1e-9;

describe.each(cases)('$name', ({ expected, ...input }) => {
  const metrics = performanceMetrics(input);

  it.each(Object.entries(expected))('%s', (name, answer) => {
    const value = metrics[name];
    if (typeof answer === 'string') expect(value).toBeNull();
    else {
      expect(value).toEqual(expect.any(Number));
      expect(Math.abs((value ?? Number.NaN) - answer)).toBeLessThanOrEqual(
        RELATIVE * Math.max(1e-3, Math.abs(answer)),
      );
    }
  });

  it('claims no metric of another tool that the tool itself was not asked for', () => {
    const claimed = Object.keys(metrics).filter((name) => /^(freqtrade|jesse|nautilus)\./.test(name));
    if (input.trades.length > 0) expect(claimed.sort()).toEqual(Object.keys(expected).sort());
  });
});

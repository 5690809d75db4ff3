import { createMarketClock } from '../../activities/market-clock';
import type { ClockReading } from '../../domain/clock';

const reading: ClockReading = {
  ...{ wallTimeMs: 0, marketTimeMs: 1_000, speed: 60, session: 's1', state: 'running' },
};

describe('the market clock', () => {
  const time = { nowMs: 0 };
  let asked: number;
  let answer: () => Promise<ClockReading>;
  const clock = (refreshAfterMs?: number) =>
    createMarketClock({
      ...(refreshAfterMs !== undefined && { refreshAfterMs }),
      read: () => {
        asked += 1;
        return answer();
      },
      wallTimeMs: () => time.nowMs,
      maxAgeMs: 1_000,
      maxStaleMs: 60_000,
    });

  beforeEach(() => {
    time.nowMs = 0;
    asked = 0;
    answer = () => Promise.resolve(reading);
  });

  it('asks once for all who come while it asks, and again when the answer is old', async () => {
    const { reading: read, nowMs } = clock();
    await Promise.all([read(), read(), read()]);
    expect(asked).toBe(1);
    time.nowMs = 1_000;
    expect(await nowMs()).toBe(61_000);
    expect(asked).toBe(1);
    time.nowMs = 1_001;
    await read();
    expect(asked).toBe(2);
  });

  it('asks behind the back of whoever has an answer that still serves', async () => {
    const { reading: read } = clock(500);
    await read();
    time.nowMs = 501;
    answer = () => Promise.resolve({ ...reading, session: 's2' });
    expect((await read()).session).toBe('s1');
    expect((await read()).session).toBe('s2');
    time.nowMs = 1_400;
    answer = () => Promise.reject(new Error('silence'));
    expect((await read()).session).toBe('s2');
    expect(asked).toBe(3);
  });

  it('carries an older answer on while the exchange is silent, for a while', async () => {
    const { reading: read } = clock();
    await read();
    answer = () => Promise.reject(new Error('silence'));
    time.nowMs = 60_000;
    expect(await read()).toBe(reading);
    time.nowMs = 60_001;
    await expect(read()).rejects.toThrow('silence');
    answer = () => Promise.resolve(reading);
    expect(await read()).toBe(reading);
  });
});

import { setImmediate } from 'node:timers/promises';
import { atMost } from '../../activities/at-most';

describe('work on many things, some at a time', () => {
  it('keeps to its number, leaves nothing out, and tells the first failure at the end', async () => {
    const done: number[] = [];
    let under = 0;
    let most = 0;
    const work = async (item: number): Promise<void> => {
      under += 1;
      most = Math.max(most, under);
      await setImmediate();
      under -= 1;
      done.push(item);
      if (item === 6 || item === 2) throw new Error(`${item} failed`);
    };
    await expect(atMost(3, [0, 1, 2, 3, 4, 5, 6, 7], work)).rejects.toThrow('2 failed');
    expect(done.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(most).toBe(3);
    await expect(atMost(3, [], work)).resolves.toBeUndefined();
  });
});

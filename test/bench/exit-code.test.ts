import { runBench } from '../../bench/main';
import { runSoak } from '../../bench/soak';

describe('arguments that make no sense', () => {
  let said: string;
  let write: jest.SpyInstance;

  beforeEach(() => {
    said = '';
    write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said += String(text);
      return true;
    });
  });
  afterEach(() => {
    write.mockRestore();
  });

  it('end a benchmark with 2 before anything is started', async () => {
    expect(await runBench(['--only', 'bogus'])).toBe(2);
    expect(said).toMatch(/^--only names "bogus", which does not exist. Choose from cycle, submit, .*\n$/);
  });

  it('end a soak with 2 before anything is started', async () => {
    expect(await runSoak(['--minutes', 'long'])).toBe(2);
    expect(said).toBe('--minutes is "long"; it must be a number from 3 to 10080.\n');
  });
});

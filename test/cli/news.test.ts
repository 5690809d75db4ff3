import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNewsStore } from '../../adapters/store/stories';
import { createBench, type Bench } from '../adapters/store/support';
import { buildBallast, runBallast } from './ballast-process';

describe('ballast news', () => {
  let bench: Bench;
  let cwd: string;
  beforeAll(async () => {
    buildBallast();
    bench = await createBench(2);
    cwd = mkdtempSync(join(tmpdir(), 'ballast-cli-'));
    writeFileSync(join(cwd, 'ballast.yaml'), 'models: { roles: { scorer: [] } }\n');
  });
  afterAll(async () => {
    rmSync(cwd, { recursive: true, force: true });
    await bench.close();
  });
  const news = (...args: readonly string[]) =>
    runBallast(cwd, ['news', ...args], {
      BALLAST_POSTGRES_URL: bench.url,
      BALLAST_PROFILE: 'paper',
    });

  it('lists stories with their scores, moods and the health of the sources', async () => {
    const store = createNewsStore(bench.pool);
    const nowMs = Date.now();
    const headline = (title: string) => ({ key: title, title, url: null, publishedMs: null });
    const titles = ['Bitcoin exchange hacked', 'Solana wins'];
    await store.addHeadlines('news', 'decrypt', nowMs, titles.map(headline));
    const [first] = await store.unscored('news', 'vader 1.1.3', { sinceMs: 0, limit: 1 });
    await store.addScores('vader 1.1.3', nowMs, [
      { storyId: first?.storyId ?? '', score: { label: 'bullish', sentiment: 0.5 } },
    ]);
    await store.recordFailure('news', 'decrypt', nowMs, 'It is away.');
    const mood = { score: -0.25, timeMs: nowMs, breaking: true, stories: 1, missing: 0.5, silent: 0 };
    const stamp = { asset: 'BTC', knownMs: nowMs, scorer: 'vader 1.1.3', trend: null };
    await store.addMoods('news', [{ ...stamp, ...mood }]);

    const { status, stdout } = news();
    expect(status).toBe(0);
    expect(stdout).toMatch(/No news are asked for/);
    expect(stdout).toMatch(/decrypt +missing, 1 try +never +It is away\./);
    expect(stdout).toMatch(/BTC +-0\.25 +– +1 +50/);
    expect(stdout).toMatch(/\+0\.50/);
    expect(stdout).toMatch(/BTC .*! Bitcoin exchange hacked/);
    const told = JSON.parse(news('--asset', 'sol', '--json').stdout) as {
      scorer: string;
      stories: { title: string }[];
    };
    expect(told.scorer).toBe('vader 1.1.3');
    expect(told.stories.map(({ title }) => title)).toEqual(['Solana wins']);
  });

  it('says whose news a simulated market has, shows those of its session, and none of the world', async () => {
    const store = createNewsStore(bench.pool);
    await bench.store.openAccount('main', 's7');
    const told = { key: 'k', title: 'Solana wins in a made-up world', url: null, publishedMs: null };
    await store.addHeadlines('session s7', 'demo-wire', 1_767_981_600_000, [told]);
    await store.addHeadlines('news', 'decrypt', Date.now(), [{ ...told, title: 'Solana wins in the world' }]);
    const { status, stdout } = runBallast(cwd, ['news'], {
      BALLAST_POSTGRES_URL: bench.url,
      BALLAST__mode: 'simulated',
    });
    expect(status).toBe(0);
    expect(stdout).toContain('local demonstration feed of the emulator: made-up headlines');
    expect(stdout).toContain('Solana wins in a made-up world');
    expect(stdout).not.toContain('in the world');
  });
});

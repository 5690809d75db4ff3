import { inspect } from 'node:util';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../config/load';
import { newsPlan } from '../../config/news-plan';
import { createScrubber } from '../../config/secret-values';
import { DEMONSTRATION_LABEL } from '../../domain/news/demonstration';

const EMULATOR = {
  BALLAST__exchange__restUrl: 'http://127.0.0.1:8290',
  BALLAST__exchange__wsUrl: 'ws://127.0.0.1:8290',
};

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ballast-config-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});
const load = (env: Readonly<Record<string, string>>, profile?: string) =>
  loadConfig({ env, cwd, deploymentId: () => 'test', ...(profile !== undefined && { profile }) });

describe('the news that are read', () => {
  it('are those of the emulator, and say so, where nothing else is said and the market is made up', () => {
    const { of, label, feeds, intervalMs } = newsPlan(load(EMULATOR));
    expect([of, intervalMs]).toEqual(['demonstration', 30_000]);
    expect(label).toContain(DEMONSTRATION_LABEL);
    expect(feeds.map(({ url }) => url)).toEqual([
      'http://127.0.0.1:8290/news/wire.rss',
      'http://127.0.0.1:8290/news/gazette.rss',
    ]);
  });

  it('are the neutral ones of the emulator beside a recording', () => {
    const { of, label } = newsPlan(load({ ...EMULATOR, BALLAST_DATA: cwd, BALLAST__mode: 'replay' }));
    expect([of, label]).toEqual(['demonstration', expect.stringContaining('neutral headlines, no mood')]);
  });

  it.each([
    ['they are turned off', { ...EMULATOR, BALLAST__news__enabled: 'false' }, undefined],
    ['the session has none', { ...EMULATOR, BALLAST__market__news: 'false' }, undefined],
    ['the market is the world’s and nobody asked', EMULATOR, 'paper'],
  ])('are none where %s', (_, env, profile) => {
    expect(newsPlan(load(env, profile))).toMatchObject({ of: 'nothing', feeds: [], intervalMs: null });
  });

  it('are the world’s alone where the market is the world’s: whoever is away is missing, and nothing takes its place', () => {
    const config = load({ ...EMULATOR, BALLAST__news__enabled: 'true' }, 'paper');
    const { of, label, feeds, intervalMs } = newsPlan(config);
    expect([of, intervalMs]).toEqual(['world', 120_000]);
    expect(feeds).toEqual(config.news.sources);
    expect(JSON.stringify([label, feeds])).not.toMatch(/127\.0\.0\.1|demo/);
  });
});

describe('the keys of sources', () => {
  it('come from the environment or a file, and show themselves nowhere', () => {
    writeFileSync(join(cwd, 'key'), 'bearer-93ac\n');
    writeFileSync(join(cwd, 'ballast.yaml'), 'news: { xBearerTokenFile: key }\n');
    const config = load({ BALLAST_REDDIT_CLIENT_ID: 'id-93ac', BALLAST_REDDIT_CLIENT_SECRET: 'secret-93ac' });
    expect(config.news.xBearerToken?.reveal()).toBe('bearer-93ac');
    expect(config.news.redditClientSecret?.reveal()).toBe('secret-93ac');
    expect(`${inspect(config, { depth: 9 })}${JSON.stringify(config)}`).not.toContain('93ac');
    expect(createScrubber(config)('bearer-93ac id-93ac secret-93ac')).toBe('[secret] [secret] [secret]');
  });

  it.each([
    [
      'half of those for Reddit',
      'news: {}\n',
      { BALLAST_REDDIT_CLIENT_ID: 'id-93ac' },
      'news.redditClientSecret',
    ],
    ['a secret in a file', 'news: { xBearerToken: bearer-93ac }\n', {}, 'BALLAST_X_BEARER_TOKEN'],
    [
      'a feed with the name of another source',
      'news: { sources: [{ name: x, url: "https://a.example" }] }\n',
      {},
      'news.sources',
    ],
  ])('refuse %s', (_, file, env, message) => {
    writeFileSync(join(cwd, 'ballast.yaml'), file);
    expect(() => load(env)).toThrow(message);
  });
});

import { loadScript } from './scripts';

interface Route {
  readonly name: string;
  readonly get: () => Promise<string | undefined>;
}

describe('the routes to a server', () => {
  const found = (name: string, path: string): Route => ({ name, get: () => Promise.resolve(path) });
  const absent = (name: string): Route => ({ name, get: () => Promise.resolve(undefined) });
  const broken = (name: string, why: string): Route => ({ name, get: () => Promise.reject(new Error(why)) });
  const choose = async (...routes: readonly Route[]): Promise<string> => {
    const { firstRoute } = await loadScript<{
      firstRoute: (what: string, routes: readonly Route[], remedy: string) => Promise<string>;
    }>('routes.mjs');
    return firstRoute('The server', routes, 'install it.');
  };

  it('are tried in order until one leads there', async () => {
    expect(
      await choose(absent('PATH'), broken('download', 'refused'), found('Go', '/go'), found('Maven', '/mvn')),
    ).toBe('/go');
  });

  it('are all named with their failures when none does', async () => {
    await expect(choose(absent('PATH'), broken('download', 'no answer within 8 s'))).rejects.toThrow(
      [
        'The server could not be provided.',
        '  - PATH: not there',
        '  - download: no answer within 8 s',
        'What to do: install it.',
      ].join('\n'),
    );
  });
});

describe('the cache', () => {
  it.each([
    [{ BALLAST_CACHE: '/b', XDG_CACHE_HOME: '/x' }, 'linux', '/b'],
    [{ XDG_CACHE_HOME: '/x' }, 'darwin', '/x/ballast'],
    [{}, 'linux', '/home/u/.cache/ballast'],
    [{}, 'darwin', '/home/u/Library/Caches/ballast'],
  ])('with %j on %s is %s', async (env, platform, folder) => {
    const { cacheFolder } = await loadScript<{
      cacheFolder: (env: object, platform: string, home: string) => string;
    }>('project.mjs');
    expect(cacheFolder(env, platform, '/home/u')).toBe(folder);
  });
});

describe('Node', () => {
  it.each([
    ['18.20.8', false],
    ['20.20.2', false],
    ['22.11.0', false],
    ['22.12.0', true],
    ['23.0.0', true],
    ['24.21.0', true],
  ])('%s is new enough: %s', async (version, expected) => {
    const { isNewEnough } = await loadScript<{ isNewEnough: (version: string) => boolean }>('node.mjs');
    expect(isNewEnough(version)).toBe(expected);
  });
});

describe('a Temporal CLI on PATH', () => {
  it.each([
    ['temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)', true],
    ['temporal version 1.5.0', true],
    ['temporal version 2.0.0', true],
    ['temporal version 1.4.9', false],
    ['temporal version 0.13.2', false],
    ['not a version', false],
  ])('that says "%s" will do: %s', async (text, expected) => {
    const { isUsableVersion } = await loadScript<{ isUsableVersion: (text: string) => boolean }>(
      'temporal-cli.mjs',
    );
    expect(isUsableVersion(text)).toBe(expected);
  });
});

describe('installed dependencies', () => {
  const wanted = {
    packages: {
      '': { version: '0.1.0' },
      'node_modules/pg': { version: '8.0.0' },
      'node_modules/pg-linux': {
        version: '1.0.0',
        optional: true,
        os: ['linux'],
        cpu: ['x64'],
        libc: ['glibc'],
      },
      'node_modules/pg-mac': { version: '1.0.0', optional: true, os: ['darwin'], cpu: ['arm64'] },
      'node_modules/pg-wasm-runtime': { version: '1.0.0', optional: true },
    },
  };
  const here = { os: 'linux', cpu: 'x64', libc: 'glibc' };
  const pg = { version: '8.0.0' };
  const own = { version: '1.0.0' };

  it.each([
    ['all that this platform wants', { 'node_modules/pg': pg, 'node_modules/pg-linux': own }, true],
    ['another version', { 'node_modules/pg': own, 'node_modules/pg-linux': own }, false],
    ['a package too few', { 'node_modules/pg-linux': own }, false],
    [
      'a package too many',
      { 'node_modules/pg': pg, 'node_modules/pg-linux': own, 'node_modules/x': own },
      false,
    ],
    ['those of another platform', { 'node_modules/pg': pg, 'node_modules/pg-mac': own }, false],
  ])('%s', async (_, packages, expected) => {
    const { isInstalled } = await loadScript<{
      isInstalled: (wanted: object, installed: object, platform: object) => boolean;
    }>('dependencies.mjs');
    expect(isInstalled(wanted, { packages }, here)).toBe(expected);
  });
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runModule, runNode } from './scripts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-bootstrap-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the lock between two bootstraps', () => {
  const holder = (): string => `
    import { appendFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { withLock } from 'lib/lock.mjs';
    const note = (what) => appendFileSync(${JSON.stringify(join(folder, 'journal'))}, what + ' ' + process.pid + '\\n');
    await withLock(${JSON.stringify(join(folder, 'lock'))}, async () => {
      note('in');
      await sleep(50);
      note('out');
    });`;

  it('lets one in at a time', async () => {
    const ends = await Promise.all(Array.from({ length: 4 }, () => runModule(holder())));
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const lines = readFileSync(join(folder, 'journal'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(8);
    for (let index = 0; index < lines.length; index += 2) {
      expect([lines[index], lines[index + 1]]).toEqual([
        expect.stringMatching(/^in /),
        lines[index]?.replace('in', 'out'),
      ]);
    }
    expect(readdirSync(folder)).toEqual(['journal']);
  });

  it('of a dead process is taken over', async () => {
    writeFileSync(join(folder, 'lock'), String(spawnSync(process.execPath, ['-e', '']).pid));
    expect(await runModule(holder())).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('a folder of the cache', () => {
  const provide = (install: string): string => `
    import { writeFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { provideCached } from 'lib/cache.mjs';
    console.log(await provideCached('server-1', async (into) => { ${install} }));`;
  const write = `console.log('installing'); await sleep(50); writeFileSync(into + '/server', 'it');`;

  it('is installed once, even by two at once, and found afterwards', async () => {
    const env = { BALLAST_CACHE: folder };
    const ends = [
      ...(await Promise.all([runModule(provide(write), env), runModule(provide(write), env)])),
      await runModule(provide(write), env),
    ];
    const output = ends.map(({ stdout }) => stdout).join('');
    expect(output.match(/installing/g)).toHaveLength(1);
    expect(output.match(new RegExp(`^${folder}/server-1$`, 'gm'))).toHaveLength(3);
    expect(readFileSync(join(folder, 'server-1/server'), 'utf8')).toBe('it');
  });

  it('does not appear when its installation fails', async () => {
    const end = await runModule(provide(`${write} throw new Error('the disk is full');`), {
      BALLAST_CACHE: folder,
    });
    expect(end.code).toBe(1);
    expect(end.stderr).toContain('the disk is full');
    expect(readdirSync(folder)).toEqual(['locks']);
  });
});

describe('npm test', () => {
  const lastLine = (stdout: string): string | undefined => stdout.trimEnd().split('\n').at(-1);

  it('passes a filter on to jest and ends with the counts', async () => {
    const { code, stdout } = await runNode([
      'scripts/test.mjs',
      'test/bootstrap/choices',
      '--selectProjects',
      'unit',
    ]);
    expect(lastLine(stdout)).toMatch(/^\d\d passed, 0 failed$/);
    expect(code).toBe(0);
  });

  it('fails when no test ran', async () => {
    const { code, stdout } = await runNode(['scripts/test.mjs', 'test/no-such-area']);
    expect(lastLine(stdout)).toBe('0 passed, 1 failed');
    expect(code).toBe(1);
  });

  it('fails when a server is not there, and says which', async () => {
    const { code, stdout, stderr } = await runNode(['scripts/test.mjs', 'test/bootstrap/choices'], {
      BALLAST_TEMPORAL_CLI: '/no/such/temporal',
    });
    expect(stderr).toContain('BALLAST_TEMPORAL_CLI names /no/such/temporal, which is not an executable file');
    expect(lastLine(stdout)).toBe('0 passed, 1 failed');
    expect(code).toBe(1);
  });
});

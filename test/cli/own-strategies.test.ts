import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RefusedError } from '../../cli/failure';
import { writeStrategy } from '../../cli/new-strategy';
import { buildBallast, runBallast } from './ballast-process';

beforeAll(buildBallast);

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ballast-own-'));
});
afterAll(() => {
  rmSync(cwd, { recursive: true, force: true });
});

const read = (name: string): string => readFileSync(join(cwd, 'strategies', name), 'utf8');
const backtest = (...args: readonly string[]) =>
  runBallast(cwd, ['backtest', '--simulate', '--symbol', 'BTC/USDT', '--timeframe', '1h', ...args]);

describe('a strategy of one’s own', () => {
  it('begins as a template that loads, whose types hold, and whose test passes', () => {
    const { status, stdout } = runBallast(cwd, ['new', 'strategy', 'night-breakout']);
    expect([status, stdout]).toEqual([0, expect.stringContaining('wrote strategies/night-breakout.ts\n')]);
    expect(readdirSync(cwd)).toEqual(['strategies']);
    expect(read('night-breakout.ts')).toContain("id: 'night-breakout'");
    expect(read('README.md')).toContain('- [night-breakout](night-breakout.ts): ');
    const check = runBallast(cwd, ['strategies', '--check']);
    expect(check.stdout).toMatch(/^loaded {6}night-breakout \(.*\)\ntypes {7}ok\ntests {7}ok\n$/);
    expect([check.status, check.stderr]).toEqual([0, '']);
  });

  it('is never written over another one', () => {
    const folder = join(cwd, 'strategies');
    expect(() => writeStrategy('night-breakout', folder)).toThrow(RefusedError);
    writeFileSync(join(folder, 'tsconfig.json'), '{}');
    expect(writeStrategy('second', folder).shared).toEqual([join(folder, 'README.md')]);
    expect(read('tsconfig.json')).toBe('{}');
    expect(read('README.md').match(/^- /gm)).toHaveLength(2);
  });

  test.each([
    ['NightBreakout', '"NightBreakout" cannot be the name of a strategy'],
    ['../elsewhere', 'cannot be the name of a strategy'],
    ['rsi', 'There is a built-in strategy "rsi"'],
  ])('cannot be called %s', (name, text) => {
    expect(() => writeStrategy(name, join(cwd, 'strategies'))).toThrow(text);
  });

  it('goes where it is told to, and says how to have it found there', () => {
    const { stdout } = runBallast(cwd, ['new', 'strategy', 'far', '--dir', 'else/where']);
    const setting = `strategiesDir: ${join(cwd, 'else/where')}`;
    expect(stdout).toContain(setting);
    writeFileSync(join(cwd, 'far.yaml'), setting);
    const { stdout: list } = runBallast(cwd, ['strategies', '--available', '--config', 'far.yaml']);
    expect(list).toMatch(/^far: /m);
  });

  it('is tested as any other, with parameters of its own', () => {
    const { status, stdout, stderr } = backtest(
      '--strategy',
      'night-breakout',
      '--param',
      'quick=5',
      '--json',
    );
    expect([status, stderr]).toEqual([0, '']);
    const { configuration } = JSON.parse(stdout) as { configuration: { strategies: readonly object[] } };
    expect(configuration.strategies).toMatchObject([
      {
        id: 'night-breakout',
        parameters: { quick: 5, slow: 50 },
        version: expect.stringMatching(/^[0-9a-f]{12}$/) as string,
      },
    ]);
  });

  it('that throws stops the backtest, and the error names file, bar and line', () => {
    const text = read('night-breakout.ts').replaceAll('night-breakout', 'throws');
    const broken = text.replace(
      'const values =',
      "if (close.at(0) > 1) throw new Error('boom');\n    const values =",
    );
    writeFileSync(join(cwd, 'strategies/throws.ts'), broken);
    const { status, stderr } = backtest('--strategy', 'throws');
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(
        /^ballast: strategies\/throws\.ts failed on the bar of BTC\/USDT 1h that opened at 2026-\S+Z: Error: boom \(line \d+\)\n {2}Correct strategies\/throws\.ts\.\n$/,
      ),
    ]);
  });
});

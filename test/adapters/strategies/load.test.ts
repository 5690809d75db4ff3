import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withinTime } from '../../../adapters/strategies/time-limit';
import { versionOf } from '../../../adapters/strategies/version';
import { buildBallast, runBallast } from '../../cli/ballast-process';

/** Files are loaded by Node itself, so by a process of its own: jest has another loader. */
beforeAll(buildBallast);

let cwd: string;
let folder: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ballast-strategies-'));
  folder = join(cwd, 'strategies');
  mkdirSync(folder);
});
afterAll(() => {
  rmSync(cwd, { recursive: true, force: true });
});

const put = (name: string, text: string): void => {
  writeFileSync(join(folder, name), text);
};

/** A strategy that holds, with something else said here and there. */
const strategyFile = (id: string, change: (text: string) => string = (text) => text): string =>
  change(`import { defineStrategy, hold, z } from 'ballast/strategy';
import { because } from './_shared.ts';

export const strategy = defineStrategy({
  id: '${id}',
  summary: 'Holds.',
  parameters: z.strictObject({ period: z.int().min(2).default(9) }),
  indicators: (parameters) => ({ average: { kind: 'ema', period: parameters.period } }),
  onBar(view) {
    const value: number = view.close.at(0);
    return hold(because(value));
  },
});
`);

const SHARED = `export const because = (value: number) => () => [{ code: 'why', text: String(value) }];\n`;

describe('the files of a folder', () => {
  const run = () => runBallast(cwd, ['strategies', '--available']);

  it('are strategies, or are named with what is wrong and what to do, and take nothing from each other', () => {
    put('_shared.ts', SHARED);
    put('good.ts', strategyFile('good'));
    put('in-javascript.mjs', strategyFile('in-javascript', (text) => text.replace('value: number', 'value')));
    put('good.test.ts', 'throw new Error("a test is no strategy");');
    put('enum.ts', 'enum A { B }\nexport const strategy = A.B;');
    put('waits.ts', 'await 1;\nexport const x = 1;');
    put('imports-type.ts', 'import { Strategy } from "ballast/strategy";\nexport const s: Strategy = 1;');
    put('nothing.ts', 'export const limit = 1;');
    put('no-code.ts', 'this is no code');
    put('explodes.ts', '\nthrow new Error("at load");');
    put('imports-nothing.ts', 'import x from "there-is-no-such-package";\nexport const y = x;');
    put('other-name.ts', strategyFile('good'));
    put('rsi.ts', strategyFile('rsi'));
    put('Shouting.ts', strategyFile('Shouting'));
    put('good.js', strategyFile('good', (text) => text.replace('value: number', 'value')));
    put('bad-indicator.ts', strategyFile('bad-indicator', (text) => text.replace("'ema'", "'emaa'")));
    put('no-default.ts', strategyFile('no-default', (text) => text.replace('.default(9)', '')));
    put('half.ts', strategyFile('half', (text) => text.replace('onBar(view)', 'onBars(view)')));

    const { status, stdout } = run();
    expect(status).toBe(0);
    const faults = Object.fromEntries(
      [...stdout.matchAll(/^not loaded: strategies\/(\S+): (.*)\n {2}(.*)$/gm)].map(
        ([, file = '', problem = '', todo = '']) => [file, `${problem} | ${todo}`],
      ),
    );
    expect(faults).toEqual({
      'Shouting.ts': expect.stringMatching(/^its id is "Shouting": must be kebab-case/) as string,
      'bad-indicator.ts': expect.stringMatching(/^There is no indicator "emaa"\. \| Known/) as string,
      'enum.ts': expect.stringMatching(/^it uses TypeScript that is more than types/) as string,
      'explodes.ts': 'Error: at load (line 2) | Correct strategies/explodes.ts.',
      'good.ts': 'its id "good" is taken by strategies/good.js | Give the file, and the id in it, another name.',
      'half.ts': expect.stringMatching(/^its onBar is not there: must be a function/) as string,
      'imports-nothing.ts': expect.stringMatching(/Cannot find package 'there-is-no-such-package'/) as string,
      'imports-type.ts': expect.stringMatching(/no such value \| .*import type \{ Strategy \}/) as string,
      'no-code.ts': expect.stringMatching(/^SyntaxError: .*line 1/) as string,
      'no-default.ts': expect.stringMatching(/^not every parameter has a default .*: period/) as string,
      'nothing.ts': expect.stringMatching(/^it exports no strategy \(it exports limit\)/) as string,
      'other-name.ts': expect.stringMatching(/^its id is "good", and the file is called after/) as string,
      'rsi.ts': expect.stringMatching(/^its id "rsi" is that of a built-in strategy/) as string,
      'waits.ts': expect.stringMatching(/^it waits for something \(await\)/) as string,
    });
    expect(stdout).toMatch(/^good: Holds\. \(strategies\/good\.js, version [0-9a-f]{12}\)\n {2}period=9$/m);
    expect(stdout).toMatch(/^in-javascript: Holds\./m);
  });

  it('name the file and the line where they are asked for', () => {
    const { status, stderr } = runBallast(cwd, [
      ...['backtest', '--strategy', 'explodes', '--simulate'],
      ...['--symbol', 'BTC/USDT', '--timeframe', '1h'],
    ]);
    expect([status, stderr]).toEqual([
      2,
      'ballast: The strategy "explodes" could not be loaded from strategies/explodes.ts: Error: at load (line 2)\n  Correct strategies/explodes.ts.\n',
    ]);
  });
});

test('the version is that of the file and of what it imports of the same folder', () => {
  put('_shared.ts', SHARED);
  put('good.ts', strategyFile('good'));
  const path = join(folder, 'good.ts');
  const first = versionOf(path);
  expect(versionOf(path)).toBe(first);
  put('_shared.ts', SHARED.replace('why', 'because'));
  const second = versionOf(path);
  put('good.ts', `${readFileSync(path, 'utf8')}// and a word\n`);
  const third = versionOf(path);
  expect(new Set([first, second, third]).size).toBe(3);
  put('unrelated.ts', '');
  expect(versionOf(path)).toBe(third);
});

describe('work within a time', () => {
  it('is done, or throws what it throws', () => {
    expect(withinTime(1_000, () => 7)).toBe(7);
    const error = new RangeError('no');
    expect(() =>
      withinTime(1_000, () => {
        throw error;
      }),
    ).toThrow(error);
  });

  it('that never ends is given up', () => {
    const forever = (): never => {
      for (;;) {
        // Nothing ends it.
      }
    };
    expect(() => withinTime(50, forever)).toThrow('it took longer than 50 ms and was given up');
  });
});

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildBallast, runBallast } from './ballast-process';

beforeAll(buildBallast);

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ballast-cli-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

const ballast = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runBallast(cwd, args, env);

describe('exit codes', () => {
  it.each<[number, readonly string[], RegExp]>([
    [2, ['nope'], /There is no such command/],
    [2, [], /Which command/],
    [2, ['pause'], /Name one strategy, or give --all/],
    [2, ['resume-trading'], /Missing required argument: reason/],
    [2, ['resume-trading', '--reason', ' '], /--reason is empty/],
    [3, ['resume-trading', '--reason', 'x'], /No Temporal is configured and none is running/],
    [2, ['status', '--nope'], /Unknown argument: nope/],
    [2, ['up', '--profile', 'moon'], /There is no profile "moon"/],
    [2, ['up', '--strategies', 'nobody'], /No strategy named nobody is configured/],
    [2, ['up', '--config', 'nowhere.yaml'], /There is no configuration file/],
    [2, ['up', '--data', 'there', '--strategies', 'nobody'], /No strategy named nobody is configured/],
    [2, ['up', '--data', 'there', '--simulate'], /data and simulate are mutually exclusive/],
    [2, ['emulator', '--speed', 'fast'], /--speed fast is neither/],
    [2, ['emulator', '--data', 'nowhere'], /The data folder .*nowhere does not exist/],
    [2, ['emulator', '--live', 'binance', '--speed', '3'], /keeps the time of binance/],
    [2, ['emulator', '--live', 'binance', '--simulate'], /live and simulate are mutually exclusive/],
    [2, ['emulator', '--live', 'binance', '--live-rest', 'http://127.0.0.1:1'], /live-rest -> live-ws/],
    [
      2,
      ['emulator', '--live', 'binance', '--live-rest', 'http://127.0.0.1:1', '--live-ws', 'ws://127.0.0.1:1'],
      /The live data of binance cannot be reached: .*127\.0\.0\.1:1/,
    ],
    [2, ['metrics'], /Not enough non-option arguments/],
    [2, ['metrics', 'nowhere.csv'], /nowhere\.csv cannot be read/],
    [3, ['status'], /No PostgreSQL is configured and none is running/],
    [3, ['strategies'], /No Temporal is configured and none is running/],
    [3, ['reconcile'], /No Temporal is configured and none is running/],
    [3, ['reconcile', '--last'], /No PostgreSQL is configured and none is running/],
    [2, ['data'], /Not enough non-option arguments/],
    [2, ['data', 'import'], /Not enough non-option arguments/],
    [2, ['data', 'export', 'x.csv', '--timeframe', '2m'], /Invalid values/],
    [
      3,
      ['data', 'download', '--symbol', 'BTC/USDT', '--timeframe', '1m', '--from', '2024-01-01'],
      /No Temporal is configured and none is running/,
    ],
    [3, ['balance'], /The emulator is not running/],
    [3, ['emergency-stop', '--reason', 'x', '--yes'], /The halt could not be written/],
    [3, ['emergency-stop', '--direct', '--yes'], /The emulator is not running/],
    [2, ['emergency-stop', '--yes'], /An emergency stop needs a reason/],
    [2, ['emergency-stop', '--reason', ' ', '--yes'], /--reason is empty/],
    [2, ['emergency-stop', '--direct', '--reason', '', '--yes'], /--reason is empty/],
    [2, ['emergency-stop', '--direct', '--days', '7', '--yes'], /Unknown argument: days/],
    [2, ['emergency-stop', '--reason'], /Not enough arguments following: reason/],
    [4, ['emergency-stop', '--direct'], /nobody can answer here/],
    [2, ['reconcile', '--timeout', 'soon'], /--timeout must be a number of seconds/],
    [2, ['reconcile', '--timeout=-3'], /--timeout must be a number of seconds/],
    [2, ['reconcile', '--timeout'], /Not enough arguments following: timeout/],
    [3, ['doctor'], /Failed: /],
    [4, ['emergency-stop', '--reason', 'x'], /nobody can answer here/],
    [0, ['config', 'check'], /^$/],
    [0, ['strategies', '--available'], /^$/],
    [0, ['--help'], /^$/],
  ])('%i: ballast %j', (code, args, message) => {
    const { status, stderr } = ballast(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(status).toBe(code);
  });

  it('names every fault of the configuration, and starts nothing', () => {
    writeFileSync(join(cwd, 'ballast.yaml'), 'risk: {riskFraction: 3}\nmarket: {speeed: 1}\n');
    const { status, stderr } = ballast(['up', '--no-view']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/risk\.riskFraction is 3 \(from .*ballast\.yaml\): must be at most 1/);
    expect(stderr).toMatch(/market\.speeed is 1 .*did you mean "speed"/);
    expect(readdirSync(cwd)).toEqual(['ballast.yaml']);
  });
});

describe('what programs read', () => {
  it('is JSON and nothing else, errors included', () => {
    expect(JSON.parse(ballast(['config', 'check', '--json']).stdout)).toMatchObject({ ok: true });
    // A result that is bad news stays the only document.
    const { status, stdout } = ballast(['doctor', '--json']);
    expect({ status, ...(JSON.parse(stdout) as object) }).toMatchObject({ status: 3, ok: false });
    expect(JSON.parse(ballast(['status', '--json']).stdout)).toMatchObject({ exitCode: 3 });
    mkdirSync(join(cwd, 'strategies'));
    writeFileSync(join(cwd, 'strategies', 'mine.ts'), 'export const other = 1;\n');
    const { findings } = JSON.parse(ballast(['doctor', '--json']).stdout) as { findings: readonly unknown[] };
    expect(findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ what: 'PostgreSQL' }),
        expect.objectContaining({
          what: 'strategies',
          verdict: 'warn',
          text: expect.stringMatching(/1 do not: .*mine\.ts: it exports no strategy/) as string,
        }),
      ]),
    );
  });

  it('never holds a secret', () => {
    const env = {
      BALLAST_EXCHANGE_API_KEY: 'key-51ce',
      BALLAST_POSTGRES_URL: 'postgres://u:pw-51ce@127.0.0.1:1/x',
    };
    for (const args of [
      ['config', 'show'],
      ['config', 'show', '--json'],
      ['config', 'show', '--origins'],
      ['doctor'],
      ['status', '--verbose'],
    ]) {
      const { stdout, stderr } = ballast(args, env);
      expect(stdout + stderr).not.toContain('51ce');
    }
    expect(ballast(['config', 'show'], env).stdout).toContain('[secret]');
  });

  it('shows stack traces only when asked', () => {
    expect(ballast(['status', '--verbose']).stderr).toMatch(/^\s+at /m);
  });
});

it('prints a completion script', () => {
  expect(ballast(['completion'], { SHELL: '/bin/bash' }).stdout).toContain('ballast');
});

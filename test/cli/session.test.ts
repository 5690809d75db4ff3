import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRuntime, runtimeFile, writeRuntime, isAlive, type RuntimeRecord } from '../../config/runtime';
import { loadLayeredConfig, loadRunningConfig } from '../../config/load';
import { archiveSession, holdToMarket } from '../../workers/up/session';
import { KeyFolder } from '../../workers/up/keys';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'ballast-session-'));
});
afterEach(() => {
  rmSync(stateDir, { recursive: true, force: true });
});

const record = (overrides: Partial<RuntimeRecord> = {}): RuntimeRecord => ({
  pid: process.pid,
  startedAtMs: 1,
  cwd: stateDir,
  settings: {},
  environmentSecrets: [],
  market: 'simulated market, seed 1',
  emulatorUrl: null,
  ...overrides,
});

describe('a new session', () => {
  it('sets the data of the last one aside, and keeps keys, logs and the deployment id', () => {
    for (const folder of ['postgres', 'emulator', 'keys', 'logs']) mkdirSync(join(stateDir, folder));
    for (const file of ['temporal.db', 'session.json', 'deployment-id'])
      writeFileSync(join(stateDir, file), file);
    const archive = archiveSession(stateDir, new Date(Date.UTC(2026, 0, 2, 3, 4, 5))) ?? '';
    expect(archive).toBe(join(stateDir, 'archive', '2026-01-02T03-04-05-000Z'));
    expect(
      ['postgres', 'emulator', 'temporal.db', 'session.json'].filter((name) =>
        existsSync(join(archive, name)),
      ),
    ).toHaveLength(4);
    expect(['keys', 'logs', 'deployment-id'].filter((name) => existsSync(join(stateDir, name)))).toHaveLength(
      3,
    );
  });

  it('has nothing to do in an empty folder', () => {
    expect(archiveSession(stateDir, new Date())).toBeUndefined();
    expect(existsSync(join(stateDir, 'archive'))).toBe(false);
  });

  it('is refused while the last one runs', () => {
    mkdirSync(join(stateDir, 'postgres'));
    writeRuntime(runtimeFile(stateDir), record());
    expect(() => archiveSession(stateDir, new Date())).toThrow(/is running/);
    expect(existsSync(join(stateDir, 'postgres'))).toBe(true);
  });
});

describe('a session', () => {
  const market = (overrides: object = {}) => ({
    seed: 1,
    speed: 60,
    news: true,
    live: { clock: 'wall' as const },
    ...overrides,
  });

  it('stays with its market, at any speed', () => {
    holdToMarket({ stateDir, mode: 'simulated', market: market() });
    expect(() => {
      holdToMarket({ stateDir, mode: 'simulated', market: market({ speed: 5 }) });
    }).not.toThrow();
  });

  it('is moved by news, or not, as it was when it began', () => {
    const simulated = (news: boolean) => ({ stateDir, mode: 'simulated' as const, market: market({ news }) });
    expect(holdToMarket(simulated(false))).toEqual({ news: false });
    expect(holdToMarket(simulated(true))).toEqual({ news: false });
    rmSync(join(stateDir, 'session.json'));
    expect(holdToMarket(simulated(true))).toEqual({ news: true });
    expect(holdToMarket(simulated(false))).toEqual({ news: true });
  });

  it.each([
    ['another seed', { mode: 'simulated', market: market({ seed: 2 }) }],
    ['recorded data', { mode: 'replay', market: market({ dataDir: '/data' }) }],
    ['a real exchange', { mode: 'testnet', market: market() }],
    ['live data', { mode: 'paper', market: market() }],
  ] as const)('is not continued on %s', (_what, other) => {
    holdToMarket({ stateDir, mode: 'simulated', market: market() });
    expect(() => {
      holdToMarket({ stateDir, ...other });
    }).toThrow(/trades the simulated market with seed 1; now it would be/);
  });

  it('on live data stays with the venue it mirrors', () => {
    holdToMarket({ stateDir, mode: 'paper', market: market() });
    const elsewhere = {
      clock: 'wall' as const,
      restUrl: 'http://127.0.0.1:8290',
      wsUrl: 'ws://127.0.0.1:8290',
    };
    expect(() => {
      holdToMarket({ stateDir, mode: 'paper', market: market({ live: elsewhere }) });
    }).toThrow(/trades on live data of the venue; now it would be on live data of http:\/\/127.0.0.1:8290/);
  });
});

describe('the record of a running system', () => {
  it('is private, complete, and gives the configuration back', () => {
    const file = runtimeFile(stateDir);
    const keys = new KeyFolder(join(stateDir, 'keys'));
    const settings = {
      ...minimalSettings(),
      exchange: { ...minimalSettings().exchange, apiKeyFile: keys.generate('k') },
    };
    writeRuntime(file, record({ settings, environmentSecrets: ['exchange.secret'] }));
    expect(statSync(file).mode & 0o077).toBe(0);
    const env = {
      BALLAST_EXCHANGE_SECRET: 'from-env',
      BALLAST_EXCHANGE_API_KEY: 'a stray one',
      BALLAST__market__speed: '9',
    };
    const { config } = loadRunningConfig(file, env);
    expect(config.exchange.secret?.reveal()).toBe('from-env');
    expect(config.exchange.apiKey?.reveal()).toBe(readFileSync(join(stateDir, 'keys/k'), 'utf8').trim());
    expect(config.market.speed).toBe(60);
  });

  it('is not believed when it is broken or its process is gone', () => {
    writeFileSync(runtimeFile(stateDir), '{"pid": 1');
    expect(readRuntime(runtimeFile(stateDir))).toBeUndefined();
    expect(isAlive({ pid: 2 ** 22 + 1 })).toBe(false);
  });
});

it('generated keys stay the same, and are for their owner only', () => {
  const folder = join(stateDir, 'keys');
  const file = new KeyFolder(folder).generate('emulator-key');
  const value = readFileSync(file, 'utf8');
  expect(value).toMatch(/^[0-9a-f]{64}\n$/);
  expect(readFileSync(new KeyFolder(folder).generate('emulator-key'), 'utf8')).toBe(value);
  expect(statSync(file).mode & 0o077).toBe(0);
});

/** What the shipped profiles make of nothing, read through the front door. */
function minimalSettings() {
  const { layers } = loadLayeredConfig({ env: {}, cwd: stateDir, flags: { deployment: 'test' } });
  return { ...layers.settings, exchange: layers.settings.exchange as object };
}

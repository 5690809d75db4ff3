import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ConfigError } from '../../config/issues';
import { loadConfig, loadLayeredConfig, type LoadOptions } from '../../config/load';
import { LIVE_CONFIRMATION } from '../../config/schema';
import { BUILT_IN_CATALOGUE, createCatalogue } from '../../domain/strategies/catalogue';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ballast-config-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

const strategies = () => BUILT_IN_CATALOGUE;
const load = (options: Partial<LoadOptions> = {}) => loadConfig({ env: {}, cwd, strategies, ...options });
const write = (text: string, name = 'ballast.yaml') => {
  writeFileSync(join(cwd, name), text);
};

/** The faults of a configuration which must have some. */
function issuesOf(options: Partial<LoadOptions> = {}) {
  try {
    load(options);
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
  throw new Error('The configuration was accepted.');
}

describe('layers', () => {
  it('needs nothing: the shipped profile dev is complete', () => {
    const config = load();
    expect(config.mode).toBe('simulated');
    expect(config.stateDir).toBe(join(cwd, '.ballast'));
    expect(config.exchange).toMatchObject({ venue: 'binance', clock: 'emulator', sandbox: false });
    expect(config.strategies.map(({ name }) => name)).toEqual(['rsi-1m', 'trend-5m']);
    expect(config.risk.maxPositionFraction).toBe(0.1);
    expect(config.emulator.balances.USDT).toBe('10000');
  });

  it('states when trading stops by itself, and lets each trigger be switched off or set', () => {
    expect(load().riskDesk.triggers).toMatchObject({ exchangeUnreachableMs: 30_000, staleDataMs: 300_000 });
    write('riskDesk: {triggers: {staleDataMs: null, flashCrash: {fraction: 0.2, withinMs: 60000}}}\n');
    const env = { BALLAST__riskDesk__triggers__exchangeUnreachableMs: 'null' };
    expect(load({ env }).riskDesk.triggers).toMatchObject({
      ...{ exchangeUnreachableMs: null, staleDataMs: null, missingStopMs: 60_000 },
      flashCrash: { fraction: 0.2, withinMs: 60_000 },
    });
    expect(issuesOf({ flags: { riskDesk: { triggers: { missingStopMs: 5 } } } })).toMatchObject([
      { path: 'riskDesk.triggers.missingStopMs' },
    ]);
  });

  it('lets the command line win over the environment over the file over the profile', () => {
    write('market: {seed: 2, speed: 2}\nlog: {level: warn}\n');
    const env = { BALLAST__MARKET__SPEED: '3', BALLAST__log__level: 'error' };
    const config = load({ env, flags: { log: { level: 'debug' } } });
    expect(config.market).toMatchObject({ seed: 2, speed: 3 });
    expect(config.log.level).toBe('debug');
  });

  it('replaces lists whole and merges mappings', () => {
    write(
      'strategies: [{name: a, strategy: rsi, symbols: [ETH/USDT], timeframe: 1m}]\nworker: {slots: {orders: 3}}\n',
    );
    const config = load();
    expect(config.strategies).toHaveLength(1);
    expect(config.strategies[0]).toMatchObject({ entryTtlBars: 1, maxHoldingBars: null, enabled: true });
    expect(config.worker.slots).toMatchObject({ orders: 3, market: 10 });
  });

  it('reads text from the environment as text, and the rest as YAML', () => {
    const env = {
      BALLAST__account__name: '007',
      BALLAST__strategies: '[]',
      BALLAST__temporal__embedded__enabled: 'true',
    };
    const config = load({ env });
    expect(config.account.name).toBe('007');
    expect(config.strategies).toEqual([]);
    expect(config.temporal.embedded.enabled).toBe(true);
  });

  it('remembers who said what', () => {
    write('market: {seed: 2}\n');
    const { layers } = loadLayeredConfig({ env: { BALLAST_LOG_LEVEL: 'warn' }, cwd });
    expect(layers.origins.get('market.seed')).toBe(join(cwd, 'ballast.yaml'));
    expect(layers.origins.get('market.speed')).toBe('profile default');
    expect(layers.origins.get('log.level')).toBe('BALLAST_LOG_LEVEL');
  });

  it('keeps the generated deployment id', () => {
    const first = load().deployment;
    expect(first).toMatch(/^ballast-[0-9a-f]{8}$/);
    expect(load().deployment).toBe(first);
    expect(load({ flags: { deployment: 'mine' } }).deployment).toBe('mine');
  });
});

describe('mode', () => {
  it('is replay with recorded data, simulated without', () => {
    expect(load({ fallbackDataDir: '/data' })).toMatchObject({
      mode: 'replay',
      market: { dataDir: '/data' },
    });
    expect(load({ env: { BALLAST_DATA: 'here' } }).market.dataDir).toBe(join(cwd, 'here'));
    const simulated = load({ env: { BALLAST_DATA: 'here' }, flags: { mode: 'simulated' } });
    expect(simulated).toMatchObject({ mode: 'simulated', market: { dataDir: undefined } });
  });

  it('is refused when it needs data that nobody named', () => {
    expect(issuesOf({ flags: { mode: 'replay' } })).toMatchObject([{ path: 'market.dataDir' }]);
  });

  it('shadow is refused as not built, with what exists', () => {
    const [issue] = issuesOf({ flags: { mode: 'shadow' } });
    expect(issue?.problem).toMatch(/not built yet; there are simulated, replay, paper, testnet and live/);
  });

  it('paper trades on the emulator, at the pace of the venue, without keys', () => {
    const config = load({ profile: 'paper' });
    expect(config).toMatchObject({
      mode: 'paper',
      exchange: { clock: 'emulator', sandbox: false },
      market: { speed: 1, live: { clock: 'wall' } },
    });
    expect(config.exchange.apiKey).toBeUndefined();
    const env = {
      BALLAST__market__live__restUrl: 'http://127.0.0.1:1',
      BALLAST__market__live__wsUrl: 'ws://127.0.0.1:1',
    };
    expect(load({ profile: 'paper', env }).market.live.restUrl).toBe('http://127.0.0.1:1');
  });

  it('paper refuses a pace of its own, half an address, and having nothing to mirror', () => {
    const flags = {
      market: { speed: 2, live: { restUrl: 'http://127.0.0.1:1' } },
      strategies: [],
    };
    expect(issuesOf({ profile: 'paper', flags }).map(({ path, problem }) => [path, problem])).toEqual([
      ['market.speed', 'mode paper keeps the time of its venue: must be 1'],
      ['market.live', 'restUrl and wsUrl go together: half of the data would come from another market'],
      ['strategies', 'mode paper mirrors the pairs of its strategies: name one'],
    ]);
  });

  it('a reference is another venue, of a market that is not made up', () => {
    const problems = (flags: Readonly<Record<string, unknown>>): unknown =>
      issuesOf({ profile: 'paper', flags }).map(({ path, problem }) => [path, problem]);
    const reference = { venue: 'kraken', pairs: { 'BTC/USDT': 'BTC/USD' } };
    const config = load({ profile: 'paper', flags: { market: { reference } } });
    expect(config.market.reference).toEqual({ ...reference, maxDivergence: 0.02 });
    expect(load({ profile: 'paper' }).market.reference).toBeUndefined();
    const at = 'market.reference.venue';
    expect(problems({ market: { reference: { venue: 'binance' } } })).toEqual([
      [at, '"binance" is the venue that is traded: its candles agree with themselves; name another'],
    ]);
    expect(issuesOf({ flags: { mode: 'simulated', market: { reference } } })).toMatchObject([{ path: at }]);
    const elsewhere = { venue: 'binance', restUrl: 'http://127.0.0.1:1' };
    const { market } = load({ flags: { mode: 'simulated', market: { reference: elsewhere } } });
    expect(market.reference).toMatchObject(elsewhere);
  });

  it('testnet needs keys and takes them from the environment', () => {
    expect(issuesOf({ profile: 'testnet' }).map(({ path }) => path)).toEqual([
      'exchange.apiKey',
      'exchange.secret',
    ]);
    const env = { BALLAST_EXCHANGE_API_KEY: 'k', BALLAST_EXCHANGE_SECRET: 's' };
    const config = load({ profile: 'testnet', env });
    expect(config.exchange).toMatchObject({ sandbox: true, clock: 'wall' });
    expect(config.exchange.apiKey?.reveal()).toBe('k');
  });

  it('live needs keys, a confirmation and limits of its own', () => {
    const paths = issuesOf({ profile: 'live' }).map(({ path }) => path);
    expect(paths).toEqual([
      'exchange.apiKey',
      'exchange.secret',
      'live.confirm',
      'risk.maxPositionFraction',
      'risk.maxExposureFraction',
      'risk.dailyLossFraction',
      'risk.maxDrawdownFraction',
    ]);
    write(`live: {confirm: ${LIVE_CONFIRMATION}}
risk: {maxPositionFraction: 0.02, maxExposureFraction: 0.1, dailyLossFraction: 0.01, maxDrawdownFraction: 0.05}
exchange: {apiKeyFile: key, secretFile: secret}
`);
    write('abc\n', 'key');
    write('def\n', 'secret');
    const config = load({ profile: 'live' });
    expect(config).toMatchObject({
      mode: 'live',
      strategies: [],
      exchange: { sandbox: false, clock: 'wall' },
    });
    expect(config.exchange.secret?.reveal()).toBe('def');
  });
});

describe('faults name path, value, origin and what is allowed', () => {
  it.each([
    ['risk: {riskFraction: 1.5}', 'risk.riskFraction', '1.5', 'must be at most 1'],
    ['risk: {maxOpenPositions: 0}', 'risk.maxOpenPositions', '0', 'must be at least 1'],
    ['log: {level: loud}', 'log.level', '"loud"', 'must be one of trace, debug, info, warn, error'],
    ['market: {speed: fast}', 'market.speed', '"fast"', 'must be a number'],
    ['market: {speeed: 3}', 'market.speeed', '3', 'there is no such setting; did you mean "speed"?'],
    ['colour: red', 'colour', '"red"', 'there is no such setting; known here: deployment, stateDir'],
    ['emulator: {port: 99999}', 'emulator.port', '99999', '"auto" or a port from 1 to 65535'],
    [
      'emulator: {balances: {USDT: -1}}',
      'emulator.balances.USDT',
      '-1',
      'must be a decimal number that is not negative',
    ],
    ['temporal: {address: "http://x"}', 'temporal.address', '"http://x"', 'must be host:port'],
    [
      'temporal: {embedded: {enabled: false}}',
      'temporal.address',
      'not set',
      'needed when temporal.embedded.enabled is false',
    ],
    [
      'strategies: [{name: a, strategy: rsy, symbols: [BTC/USDT], timeframe: 1m}]',
      'strategies.0.strategy',
      '"rsy"',
      'did you mean "rsi"?',
    ],
    [
      'strategies: [{name: a, strategy: rsi, symbols: [BTCUSDT], timeframe: 2m}]',
      'strategies.0.symbols.0',
      '"BTCUSDT"',
      'must be a pair like BTC/USDT',
    ],
  ])('%s', (yaml, path, value, problem) => {
    write(yaml);
    const issue = issuesOf().find((candidate) => candidate.path === path);
    expect(issue).toMatchObject({ value, problem: expect.stringContaining(problem) as string });
    if (value !== 'not set') expect(issue?.origin).toBe(join(cwd, 'ballast.yaml'));
  });

  it('runs a strategy only on symbols that its parameters name', () => {
    write(
      'strategies: [{name: a, strategy: pairs, symbols: [ETH/USDT, SOL/USDT], timeframe: 1m, parameters: {first: BTC/USDT, second: ETH/USDT}}]',
    );
    expect(issuesOf()).toEqual([
      expect.objectContaining({
        path: 'strategies.0.parameters',
        problem: 'The strategy "pairs" cannot be run on SOL/USDT.',
      }),
    ]);
  });

  it('runs no strategy that only a backtest can carry out', () => {
    write('strategies: [{name: a, strategy: market-maker, symbols: [BTC/USDT], timeframe: 1m}]');
    expect(issuesOf()).toEqual([
      expect.objectContaining({
        path: 'strategies.0.strategy',
        problem:
          'the strategy "market-maker" quotes prices of its own, which only `ballast backtest` can carry out: on spot what it offers backs its protective stop',
      }),
    ]);
  });

  it('checks the parameters of strategies', () => {
    write(
      'strategies: [{name: a, strategy: rsi, symbols: [BTC/USDT], timeframe: 1m, parameters: {period: 1}}]',
    );
    expect(issuesOf()).toMatchObject([
      { path: 'strategies.0.parameters', problem: expect.stringContaining('period is 1') as string },
    ]);
  });

  it('looks for strategies in the folder that is configured, and tells what is wrong with the file of one', () => {
    write('strategiesDir: mine\nstrategies: [{name: a, strategy: bad, symbols: [BTC/USDT], timeframe: 1m}]');
    const folders: string[] = [];
    const fault = { file: 'mine/bad.ts', id: 'bad', problem: 'it exports no strategy', todo: 'Export one.' };
    const broken = ({ strategiesDir }: { strategiesDir: string }) => {
      folders.push(strategiesDir);
      return createCatalogue([], [fault]);
    };
    expect(issuesOf({ strategies: broken })).toMatchObject([
      {
        path: 'strategies.0.strategy',
        problem: 'mine/bad.ts could not be loaded: it exports no strategy',
      },
    ]);
    expect(folders).toEqual([join(cwd, 'mine')]);
  });

  it('does not look at strategies where nobody gives any: what runs must not depend on a file broken since', () => {
    write('strategies: [{name: a, strategy: gone, symbols: [BTC/USDT], timeframe: 1m}]');
    const { strategiesDir } = loadConfig({ env: {}, cwd });
    expect(strategiesDir).toBe(join(cwd, 'strategies'));
  });

  it('names are unique', () => {
    const one = '{name: a, strategy: rsi, symbols: [BTC/USDT], timeframe: 1m}';
    write(`strategies: [${one}, ${one}]`);
    expect(issuesOf()).toMatchObject([{ path: 'strategies.1.name' }]);
  });

  it('who pauses for news is configured', () => {
    const one = '{name: a, strategy: rsi, symbols: [BTC/USDT], timeframe: 1m}';
    write(`strategies: [${one}]\nnews: {breaking: {strategies: [a, b]}}`);
    expect(issuesOf()).toMatchObject([{ path: 'news.breaking.strategies.1' }]);
  });

  it('sources of news have names of their own', () => {
    const one = "{name: a, url: 'https://example.org/rss'}";
    write(`news: {sources: [${one}, ${one}]}`);
    expect(issuesOf()).toMatchObject([{ path: 'news.sources' }]);
  });

  it('writes nothing when the configuration is refused', () => {
    write('risk: {riskFraction: 2}');
    expect(() =>
      load({
        deploymentId: () => {
          throw new Error('written');
        },
      }),
    ).toThrow(ConfigError);
  });

  it('reports a broken file with its place', () => {
    write('market: {speed: 1\nlog: [');
    expect(() => load()).toThrow(/ballast\.yaml is not valid YAML: .* at line/s);
  });
});

describe('secrets', () => {
  const env = { BALLAST_EXCHANGE_API_KEY: 'key-7f3a', BALLAST_POSTGRES_URL: 'postgres://u:pw-7f3a@h/db' };

  it('never print', () => {
    const config = load({ env });
    const shown = [
      JSON.stringify(config),
      inspect(config, { depth: 9 }),
      String(config.exchange.apiKey),
      JSON.stringify({ c: config.postgres }),
    ];
    for (const text of shown) expect(text).not.toContain('7f3a');
    expect(config.postgres.url?.reveal()).toBe(env.BALLAST_POSTGRES_URL);
  });

  it('are refused in files, and not repeated in the error', () => {
    write('exchange: {apiKey: key-7f3a}');
    const [issue] = issuesOf();
    expect(issue).toMatchObject({ path: 'exchange.apiKey', value: '[secret]' });
    expect(issue?.problem).toContain('set BALLAST_EXCHANGE_API_KEY, or exchange.apiKeyFile');
  });

  it('come from files, the environment winning', () => {
    write('from-file', 'key');
    write('exchange: {apiKeyFile: key}');
    expect(load().exchange.apiKey?.reveal()).toBe('from-file');
    expect(load({ env }).exchange.apiKey?.reveal()).toBe('key-7f3a');
  });

  it('name the file that cannot be read', () => {
    write('exchange: {apiKeyFile: nowhere}');
    expect(issuesOf()).toMatchObject([
      { path: 'exchange.apiKeyFile', problem: expect.stringContaining('ENOENT') as string },
    ]);
  });
});

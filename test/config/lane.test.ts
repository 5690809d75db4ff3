import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseEntry } from '../../cli/commands/start';
import { strategySettings } from '../../cli/strategy-client';
import { loadConfig } from '../../config/load';
import { BUILT_IN_CATALOGUE } from '../../domain/strategies/catalogue';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ballast-lane-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});
const load = (text: string) => {
  writeFileSync(join(cwd, 'ballast.yaml'), text);
  return loadConfig({ env: {}, cwd, strategies: () => BUILT_IN_CATALOGUE });
};
const settingsOf = (text: string) => {
  const config = load(text);
  return config.strategies.map((entry) => strategySettings(config, entry, BUILT_IN_CATALOGUE));
};
const strategyOf = (more: string, strategy = 'ema-cross'): string =>
  `strategies: [{ name: s, strategy: ${strategy}, symbols: [BTC/USDT], timeframe: 5m, ${more} }]\n`;

const PANEL = `
models:
  available: [{ name: m, provider: compatible, baseUrl: "http://127.0.0.1:1/v1", model: large }]
  roles: { analyst: [m], risk-officer: [m], devils-advocate: [m], supervisor: [m], agent: [m] }
deliberation: { enabled: true, strategies: WHO }
`;
const panelOf = (who: string): string => PANEL.replace('WHO', who);

it('is the durable one unless it is said otherwise, and then what runs is told', () => {
  expect(settingsOf(strategyOf('entryTtlBars: 1'))[0]).not.toHaveProperty('lane');
  expect(settingsOf(strategyOf('lane: durable'))[0]).not.toHaveProperty('lane');
  expect(settingsOf(strategyOf('lane: fast'))[0]).toMatchObject({ lane: 'fast' });
  expect(load('log: { level: info }').worker.slots.lane).toBeGreaterThanOrEqual(10);
});

it('is one of the two there are', () => {
  expect(() => load(strategyOf('lane: slow'))).toThrow(
    /strategies\.0\.lane is "slow" \(from .*\): must be one of durable, fast/,
  );
});

it.each([
  {
    of: 'the agent',
    text: `${panelOf('[]')}${strategyOf('lane: fast', 'agent')}`,
    problem: 'the strategy "agent" asks a language model, and the fast lane has no time to wait for one',
  },
  {
    of: 'advised positions',
    text: strategyOf('lane: fast, adviser: some-model'),
    problem: 'the model "some-model" advises on its positions, which only the durable path waits for',
  },
  {
    of: 'entries that a panel looks at',
    text: `${panelOf('null')}${strategyOf('lane: fast')}`,
    problem: 'a panel looks at its entries, and the fast lane has no time to wait for one',
  },
])('is refused as a fast one for $of', ({ text, problem }) => {
  expect(() => load(text)).toThrow(`ballast.yaml): ${problem}`);
  expect(() => load(text)).toThrow('strategies.0.lane is "fast"');
  expect(() => load(text.replace('lane: fast', 'lane: durable'))).not.toThrow('strategies.0.lane');
});

it('may be fast beside a panel that is for others', () => {
  const other = '{ name: other, strategy: rsi, symbols: [BTC/USDT], timeframe: 1m }';
  const [fast, slow] = settingsOf(
    `${panelOf('[other]')}${strategyOf('lane: fast').replace('}]', `}, ${other}]`)}`,
  );
  expect(fast).toMatchObject({ lane: 'fast' });
  expect(slow).toHaveProperty('deliberation');
  expect(slow).not.toHaveProperty('lane');
});

it('is chosen by hand, with the same refusals', () => {
  const config = load(panelOf('[trend-5m]'));
  const start = (strategy: string) =>
    strategySettings(
      config,
      chooseEntry(config, { strategy, lane: 'fast' }, BUILT_IN_CATALOGUE),
      BUILT_IN_CATALOGUE,
    );
  expect(start('rsi-1m')).toMatchObject({ name: 'rsi-1m', lane: 'fast' });
  expect(() => start('trend-5m')).toThrow(
    'trend-5m cannot be started on the fast lane: a panel looks at its entries',
  );
});

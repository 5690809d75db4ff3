import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentText, panelOf, panelText } from '../../config/deliberation';
import { loadConfig } from '../../config/load';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ballast-panel-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});
const load = (text: string) => {
  writeFileSync(join(cwd, 'ballast.yaml'), text);
  return loadConfig({ env: {}, cwd });
};

const modelsOf = (model: string): string => `
models:
  available: [{ ${model} }]
  roles: { analyst: [m], risk-officer: [m], devils-advocate: [m], supervisor: [m] }
`;
const CAPABLE = modelsOf('name: m, provider: compatible, baseUrl: "http://127.0.0.1:1/v1", model: large');

it('is off by default, and off without a model for every seat, and says which are missing', () => {
  const bare = load('log: { level: info }');
  expect(panelText(bare)).toBe('off: deliberation.enabled is false');
  const silent = load('deliberation: { enabled: true }');
  expect(panelText(silent)).toMatch(
    /^off: no capable model speaks for every seat: name one in models\.roles\.analyst, models\.roles\.risk-officer, /,
  );
  expect(panelOf(silent, 'trend-5m')).toBeUndefined();
});

it('is on for the strategies named, where every seat has a model and the market keeps time', () => {
  const config = load(`${CAPABLE}
market: { speed: 1 }
deliberation: { enabled: true, strategies: [trend-5m], quorum: 4, deadlineMs: 20000 }`);
  expect(panelText(config)).toBe(
    'on for trend-5m: analyst, risk-officer, devils-advocate, supervisor; 1 round, quorum 4, 20 s at most',
  );
  expect(panelOf(config, 'rsi-1m')).toBeUndefined();
  expect(panelOf(config, 'trend-5m')).toMatchObject({
    rounds: 1,
    quorum: 4,
    deadlineMs: 20_000,
    anonymise: false,
  });
  const fast = load(`${CAPABLE}\ndeliberation: { enabled: true }`);
  expect(panelText(fast)).toMatch(/^off while the market runs at 60×/);
});

it('tells whether an agent could run, and by which models; the one that judges headlines is none', () => {
  expect(agentText(load('log: { level: info }'))).toBe('off: no capable model in models.roles.agent');
  const shipped = 'name: s, provider: local, model: adapters/llm/embedded/headlines.gguf';
  expect(agentText(load(`models: { available: [{ ${shipped} }], roles: { agent: [s] } }`))).toMatch(/^off/);
  const able = CAPABLE.replace('roles: {', 'roles: { agent: [m],');
  expect(agentText(load(able))).toBe('could be started, by m; no configured strategy is one');
  const mind = '{ name: mind, strategy: agent, symbols: [BTC/USDT], timeframe: 1h }';
  expect(agentText(load(`${able}\nstrategies: [${mind}]`))).toBe('mind, by m');
});

it.each([
  ['a strategy that there is not', 'deliberation: { strategies: [nobody] }', 'deliberation.strategies.0'],
  [
    'a quorum of more than all',
    'deliberation: { seats: [{ seat: analyst, role: a }] }',
    'deliberation.quorum',
  ],
  ['a longer deadline than 30 seconds', 'deliberation: { deadlineMs: 60000 }', 'deliberation.deadlineMs'],
  [
    'a seat named twice',
    'deliberation: { quorum: 1, seats: [{ seat: analyst, role: a }, { seat: analyst, role: b }] }',
    'deliberation.seats',
  ],
  [
    'the model that judges headlines',
    'models: { roles: { analyst: [embedded] } }\ndeliberation: { enabled: true }',
    'cannot deliberate: name a large model here',
  ],
])('refuses %s', (_name, text, problem) => {
  expect(() => load(text)).toThrow(problem);
});

import { tmpdir } from 'node:os';
import { runBacktest } from '../../backtest/backtest';
import { backtestRulesSchema } from '../../backtest/rules';
import { chooseEntry } from '../../cli/commands/start';
import { strategySettings } from '../../cli/strategy-client';
import { ConfigError } from '../../config/issues';
import { loadConfig } from '../../config/load';
import { agentStrategy } from '../../domain/agent/strategy';
import { boundsOf, DEFAULT_BOUNDS, GREATEST_BOUNDS, TOOL_NAMES } from '../../domain/agent/tool-names';
import { UserError } from '../../domain/errors';
import { BUILT_IN_CATALOGUE } from '../../domain/strategies/catalogue';
import { candles, COIN, still } from '../backtest/support';

const strategies = () => BUILT_IN_CATALOGUE;
const MODEL = { name: 'large', provider: 'compatible', model: 'm', baseUrl: 'http://localhost:1/v1' };
const WITH_MODEL = { available: [MODEL], roles: { agent: ['large'] } };

function load(models: object | null, entries: readonly object[] | null = null) {
  const env = {
    ...(models !== null && { BALLAST__models: JSON.stringify(models) }),
    ...(entries !== null && { BALLAST__strategies: JSON.stringify(entries) }),
  };
  return loadConfig({ env, cwd: tmpdir(), strategies });
}

const start = (models: object | null, filter?: readonly string[]) => {
  const config = load(models);
  const options = { strategy: 'agent', symbols: ['BTC/USDT'], param: [], ...(filter && { filter }) };
  return strategySettings(config, chooseEntry(config, options, BUILT_IN_CATALOGUE), BUILT_IN_CATALOGUE);
};

it('is started with a model for its role, every bound and tool settled', () => {
  expect(start(WITH_MODEL)).toMatchObject({
    strategyId: 'agent',
    parameters: { ...DEFAULT_BOUNDS, tools: TOOL_NAMES },
  });
});

it('is refused without one, and with filters, which it would pass by', () => {
  expect(() => start(null)).toThrow(UserError);
  expect(() => start(null)).toThrow(
    'agent-1m cannot be started: the strategy "agent" asks a language model, and none is configured for the role "agent".',
  );
  // What comes with Ballast judges headlines and can do nothing else.
  expect(() => start({ roles: { agent: ['embedded'] } })).toThrow('none is configured for the role "agent"');
  expect(() => start(WITH_MODEL, ['regime'])).toThrow('filters judge the signals of coded strategies');
});

it('is an error of the configuration without one, while it is enabled', () => {
  const entry = { name: 'mind', strategy: 'agent', symbols: ['BTC/USDT'], timeframe: '1h' };
  expect(() => load(null, [entry])).toThrow(ConfigError);
  expect(() => load(null, [entry])).toThrow('none is configured for the role "agent"');
  expect(load(null, [{ ...entry, enabled: false }]).strategies).toHaveLength(1);
  expect(load(WITH_MODEL, [entry]).strategies).toHaveLength(1);
});

it('is no strategy to be tested, or to vote', () => {
  const bars = candles(still(100, 10));
  const input = {
    runs: [
      { name: 'agent', strategy: agentStrategy.parse({}), symbols: [COIN.symbol], maxHoldingBars: null },
    ],
    markets: [{ instrument: COIN, timeframe: '1h' as const, bars }],
    rules: backtestRulesSchema.parse({}),
    startingBalance: '10000',
  };
  expect(() => runBacktest(input as never)).toThrow(
    'The strategy "agent" cannot be tested: it asks a language model',
  );
  const vote = () =>
    BUILT_IN_CATALOGUE.find('ensemble').parse({ members: [{ strategy: 'agent' }, { strategy: 'rsi' }] });
  expect(vote).toThrow('"agent" has no vote');
});

it('keeps to its greatest bounds, whatever a workflow was given', () => {
  expect(boundsOf({})).toEqual(DEFAULT_BOUNDS);
  expect(boundsOf({ maxTurns: 1e9, maxCallsPerTurn: 'all', maxTokens: -1, timeoutMs: NaN })).toEqual({
    ...DEFAULT_BOUNDS,
    maxTurns: GREATEST_BOUNDS.maxTurns,
  });
});

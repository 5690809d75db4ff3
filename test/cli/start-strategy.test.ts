import { tmpdir } from 'node:os';
import { chooseEntry } from '../../cli/commands/start';
import { strategySettings } from '../../cli/strategy-client';
import { loadConfig } from '../../config/load';
import { UserError } from '../../domain/errors';
import { BUILT_IN_CATALOGUE } from '../../domain/strategies/catalogue';

const config = loadConfig({ env: {}, cwd: tmpdir(), strategies: () => BUILT_IN_CATALOGUE });

function settings(strategy: string, symbols: readonly string[], param: readonly string[] = []): unknown {
  const entry = chooseEntry(config, { strategy, symbols, param }, BUILT_IN_CATALOGUE);
  return strategySettings(config, entry, BUILT_IN_CATALOGUE);
}

it('a strategy is started on symbols that its parameters name', () => {
  expect(settings('pairs', ['BTC/USDT', 'ETH/USDT'])).toMatchObject({ strategyId: 'pairs' });
  expect(() => settings('pairs', ['ETH/USDT'], ['second=SOL/USDT'])).toThrow(
    'The strategy "pairs" cannot be run on ETH/USDT.',
  );
});

it('a strategy that only a backtest can carry out is not started', () => {
  const start = (): unknown => settings('market-maker', ['BTC/USDT']);
  expect(start).toThrow(UserError);
  expect(start).toThrow(
    'market-maker-1m cannot be traded: the strategy "market-maker" quotes prices of its own, which only `ballast backtest` can carry out',
  );
});

import './source-maps';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { describeFailure } from '../cli/failure';
import { openLive } from '../cli/open-live';
import { runEmulator } from '../cli/run-emulator';
import { tradedSymbols, type BallastConfig } from '../config/config';
import { processEnvironment } from '../config/environment';
import { loadConfig } from '../config/load';
import { listingFor } from '../emulator/market/companions';
import { ExchangeFailure, UserError } from '../domain/errors';
import { openMarketSource } from '../emulator/market/open-market';
import { MarketMode, type MarketSource } from '../emulator/market/source';
import { createLogger } from './logging';

/** The emulator as a child of `ballast up`: its settings come from the configuration that `up` recorded. */
async function main(): Promise<void> {
  const config = loadConfig(processEnvironment());
  const { account, emulator, exchange, market, stateDir } = config;
  const log = createLogger(config, 'emulator');
  const journalDir = join(stateDir, 'emulator');
  const source = await openSource(config, journalDir, log);
  if (emulator.port === 'auto' || exchange.apiKey === undefined || exchange.secret === undefined) {
    throw new Error('The record of `ballast up` lacks the emulator’s port or keys.');
  }
  await runEmulator(
    {
      port: emulator.port,
      source,
      speed: market.speed,
      journalDir,
      fees: emulator.fees,
      accounts: [
        {
          name: account.name,
          apiKey: exchange.apiKey.reveal(),
          secret: exchange.secret.reveal(),
          balances: emulator.balances,
        },
      ],
      log: (level, message, fields) => {
        log[level](fields ?? {}, message);
      },
    },
    () => undefined,
  );
}

function openSource(config: BallastConfig, journalDir: string, log: Logger): Promise<MarketSource> {
  const { market, mode, exchange } = config;
  if (mode === 'paper') {
    return openLive({
      ...market.live,
      venue: exchange.venue,
      pairs: tradedSymbols(config),
      journalDir,
      log: (level, message, fields) => {
        log[level](fields ?? {}, message);
      },
    });
  }
  const traded = tradedSymbols(config).map((symbol) => symbol.replace('/', ''));
  return openMarketSource({
    ...(mode === 'replay'
      ? { mode: MarketMode.Replay }
      : { mode: MarketMode.Simulated, symbols: listingFor(traded) }),
    dataDir: market.dataDir,
    seed: market.seed,
    news: market.news,
    startMs: market.startMs,
  });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    // The log's last lines are what `up` shows when the exchange does not come up.
    const { message, hint = '' } = describeFailure(error);
    const isForeseen = error instanceof UserError || error instanceof ExchangeFailure;
    const stack = !isForeseen && error instanceof Error ? (error.stack ?? '') : '';
    process.stderr.write(`${[message, hint, stack].filter((text) => text !== '').join('\n')}\n`);
    process.exit(1);
  },
);

import { join } from 'node:path';
import { runEmulator } from '../cli/run-emulator';
import { processEnvironment } from '../config/environment';
import { loadConfig } from '../config/load';
import { openMarketSource } from '../emulator/market/open-market';
import { MarketMode } from '../emulator/market/source';
import { createLogger } from './logging';

/** The emulator as a child of `ballast up`: its settings come from the configuration that `up` recorded. */
async function main(): Promise<void> {
  const config = loadConfig(processEnvironment());
  const { account, emulator, exchange, market, mode, stateDir } = config;
  const log = createLogger(config, 'emulator');
  const source = await openMarketSource({
    mode: mode === 'replay' ? MarketMode.Replay : MarketMode.Simulated,
    dataDir: market.dataDir,
    seed: market.seed,
    startMs: market.startMs,
  });
  if (emulator.port === 'auto' || exchange.apiKey === undefined || exchange.secret === undefined) {
    throw new Error('The record of `ballast up` lacks the emulator’s port or keys.');
  }
  await runEmulator(
    {
      port: emulator.port,
      source,
      speed: market.speed,
      journalDir: join(stateDir, 'emulator'),
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

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);

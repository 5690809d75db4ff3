import type { Pool } from 'pg';
import { createCandleCache, candleCacheFolder, type CandleCache } from '../adapters/history/candle-cache';
import { createHistory } from '../adapters/history/history';
import type { HistoryStore } from '../adapters/history/port';
import { migrate } from '../adapters/store/migrate';
import { createPool } from '../adapters/store/pool';
import { createSweepStore, type SweepStore } from '../adapters/store/sweeps';
import type { BallastConfig } from '../config/config';
import { borrowPostgres } from '../workers/borrowed-postgres';
import { messageOf, UnavailableError } from './failure';
import { locateConfig, type GlobalOptions } from './locate-config';
import { createOutput, type Output } from './output';

/** What a command about market history works with. */
export interface MarketData {
  readonly config: BallastConfig;
  readonly output: Output;
  readonly history: HistoryStore;
  readonly candles: CandleCache;
  /** Optimisations that were made on it. */
  readonly sweeps: SweepStore;
  /** The database that the history is in. */
  readonly pool: Pool;
  /** A line for people on stderr; nothing of the result. */
  readonly tell: (line: string) => void;
}

/**
 * Runs a command on the market history: in the database that is configured, else of the `ballast up` that runs here, else
 * in the embedded one of the state folder, which then runs for as long as the command does.
 */
export async function withMarketData<T>(
  options: GlobalOptions,
  run: (data: MarketData) => Promise<T>,
): Promise<T> {
  const { config, running } = locateConfig(options);
  const tell = (line: string): void => {
    if (!options.json) process.stderr.write(`${line}\n`);
  };
  const configured = config.postgres.url?.reveal();
  const borrowed = configured === undefined ? await borrow(config) : undefined;
  const url = configured ?? borrowed?.url ?? '';
  try {
    // Whoever supervises a system has brought its schema up to date.
    if (running === undefined) await bringUpToDate(url);
    const pool = createPool({
      url,
      applicationName: 'ballast-data',
      maxConnections: 2,
      onConnectionError: () => undefined,
    });
    try {
      const history = createHistory(pool);
      const folder = candleCacheFolder(config.stateDir);
      const candles = createCandleCache({ folder, store: history, warn: tell });
      const output = createOutput(options.json, (text) => process.stdout.write(text));
      return await run({ config, output, history, candles, sweeps: createSweepStore(pool), pool, tell });
    } finally {
      await pool.end();
    }
  } finally {
    await borrowed?.giveBack();
  }
}

async function borrow({ postgres, stateDir }: BallastConfig) {
  if (!postgres.embedded.enabled)
    throw new UnavailableError(
      'No PostgreSQL is configured and none may be embedded.',
      'Name yours in postgres.url, or set postgres.embedded.enabled to true.',
    );
  try {
    return await borrowPostgres(stateDir);
  } catch (error) {
    throw new UnavailableError(
      `The database of ${stateDir} cannot be used: ${messageOf(error)}`,
      'Wait until whoever uses it has ended, or see: ballast doctor',
    );
  }
}

async function bringUpToDate(url: string): Promise<void> {
  try {
    await migrate(url, () => undefined);
  } catch (error) {
    throw new UnavailableError(
      `PostgreSQL does not answer, or its schema cannot be brought up to date: ${messageOf(error)}`,
      'Check postgres.url, or start everything with `ballast up`.',
    );
  }
}

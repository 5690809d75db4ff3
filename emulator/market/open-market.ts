import { existsSync } from 'node:fs';

import { demonstrationWire } from '../news/demonstration-wire';
import { MarketDataError, MarketDataErrorCode } from './errors';
import { openRecordedBook } from './recorded-book';
import { openReplay } from './replay';
import { openSimulator } from './simulator';
import { MarketMode, type MarketSource } from './source';

export interface MarketOptions {
  /** Folder of recorded data (docs/market.md describes its layout). */
  readonly dataDir?: string;
  /** Exchange ids, e.g. `BTCUSDT`. Default: all that the data or the simulator has. */
  readonly symbols?: readonly string[];
  /** Seed of the simulated market; default 1. The recorded modes draw nothing from it. */
  readonly seed?: number;
  /** Made-up news move the simulated market, which has feeds that tell them; false by default. */
  readonly news?: boolean;
  /** Market time at which a new session begins, instead of the market's own. */
  readonly startMs?: number;
  /** Default: `replay` with a data folder, `simulated` without. */
  readonly mode?: MarketMode;
}

const DEFAULT_SEED = 1;

/**
 * Opens a market. Throws MarketDataError: `missing-data` when the folder lacks what the mode needs, `invalid-data`
 * when a file breaks its format, `invalid-options` when the options contradict each other or the data.
 */
export async function openMarketSource(options: MarketOptions): Promise<MarketSource> {
  const { dataDir, startMs } = options;
  const symbols = options.symbols && [...new Set(options.symbols)];
  const mode = options.mode ?? (dataDir === undefined ? MarketMode.Simulated : MarketMode.Replay);
  if (symbols?.length === 0) {
    throw new MarketDataError(
      MarketDataErrorCode.InvalidOptions,
      'An empty list of symbols leaves no market',
      'Name at least one symbol, or leave the list out.',
    );
  }
  if (mode === MarketMode.Simulated) {
    return openSimulator({ seed: options.seed ?? DEFAULT_SEED, symbols, startMs, news: options.news });
  }
  if (mode === MarketMode.Mirrored) {
    throw new MarketDataError(
      MarketDataErrorCode.InvalidOptions,
      'A mirrored market comes from a live feed, not from a folder',
      'Use `ballast emulator --live binance` or `ballast up --profile paper`.',
    );
  }
  if (dataDir === undefined) {
    throw new MarketDataError(
      MarketDataErrorCode.InvalidOptions,
      `Market mode ${mode} needs a data folder`,
      'Give --data DIR or set BALLAST_DATA.',
    );
  }
  if (!existsSync(dataDir)) {
    throw new MarketDataError(
      MarketDataErrorCode.MissingData,
      `The data folder ${dataDir} does not exist`,
      'Point to an existing folder, or leave it out to trade the simulated market.',
    );
  }
  const recorded =
    mode === MarketMode.Replay
      ? await openReplay({ dataDir, symbols, startMs })
      : await openRecordedBook({ dataDir, symbols, startMs });
  return { ...recorded, news: demonstrationWire };
}

import { createHash } from 'node:crypto';
import type { StudySetup } from '../backtest/optimise/study';

/** Of everything that a backtest would see. */
export function dataHash({
  markets,
  observations = [],
}: Pick<StudySetup, 'markets' | 'observations'>): string {
  const hash = createHash('sha256');
  const bytes = (column: Float64Array): Uint8Array =>
    new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
  for (const { instrument, timeframe, bars, mark, finer, funding, depth } of markets) {
    hash.update(JSON.stringify([instrument, timeframe, finer?.timeframe ?? null]));
    for (const columns of [bars, mark, finer?.bars]) {
      if (columns === undefined) continue;
      const { openTimeMs, open, high, low, close, volume } = columns;
      for (const column of [openTimeMs, open, high, low, close, volume]) hash.update(bytes(column));
    }
    for (const column of depth === undefined ? [] : [depth.timeMs, ...depth.bids, ...depth.asks])
      hash.update(bytes(column));
    if (funding !== undefined) hash.update(bytes(funding.timeMs)).update(bytes(funding.rate));
  }
  for (const { observations: seen, ...source } of observations) {
    hash.update(JSON.stringify(source));
    for (const column of [seen.knownMs, seen.timeMs, ...Object.values(seen.outputs)])
      hash.update(bytes(column));
  }
  return hash.digest('hex').slice(0, 16);
}

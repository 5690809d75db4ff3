import { z } from 'zod';
import type { ClosedTrade } from '../../domain/performance/types';

/** A round trip as every engine tells it, bars counted from the first. */
export const peerTradeSchema = z.object({
  entryBar: z.int(),
  /** In which it ended, be it at the open or inside. */
  exitBar: z.int(),
  entryPrice: z.number(),
  exitPrice: z.number(),
  /** In base units. */
  quantity: z.number(),
  /** In quote, fees taken off. */
  profit: z.number(),
});
export type PeerTrade = Readonly<z.infer<typeof peerTradeSchema>>;

/** A trade of the engine as peers tell theirs. */
export function peerTrade(trade: ClosedTrade, startMs: number, barMs: number): PeerTrade {
  const barOf = (timeMs: number): number => Math.floor((timeMs - startMs) / barMs);
  const { entryPrice, exitPrice, quantity, profit } = trade;
  return {
    entryBar: barOf(trade.openTimeMs),
    exitBar: barOf(trade.closeTimeMs),
    ...{ entryPrice, exitPrice, quantity, profit },
  };
}

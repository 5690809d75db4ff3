import type { PeerTrade } from './trade';

/**
 * How far apart two profits of one trade may lie, as a part of what it bought. Engines size by cash that fees and lots have rounded in
 * different ways; this is a tenth of a basis point, a hundredth of a fee.
 */
export const RETURN_TOLERANCE = 1e-5;

/** How a list of trades compares with ours. Trades are the same when they begin in the same bar. */
export interface Agreement {
  /** Of ours, and of theirs. */
  readonly ours: number;
  readonly theirs: number;
  /** Same bars, and the same profit within the tolerance. */
  readonly same: number;
  /** They end in another bar. */
  readonly otherExit: number;
  /** The same bars, and another profit. */
  readonly otherProfit: number;
  /** Ours that they do not make, and theirs that we do not. */
  readonly missing: number;
  readonly extra: number;
  /** The first trade that is not the same, for people; null when all are. */
  readonly first: string | null;
}

/** Compares a peer's trades with ours. Each list has at most one trade that begins in a bar. */
export function compareTrades(ours: readonly PeerTrade[], theirs: readonly PeerTrade[]): Agreement {
  const byEntry = new Map(theirs.map((trade) => [trade.entryBar, trade]));
  const known = new Set(ours.map(({ entryBar }) => entryBar));
  const counts = { same: 0, otherExit: 0, otherProfit: 0, missing: 0 };
  let first: string | null = null;
  for (const trade of ours) {
    const other = byEntry.get(trade.entryBar);
    const verdict = verdictOn(trade, other);
    counts[verdict] += 1;
    if (verdict !== 'same') first ??= `ours ${told(trade)}, theirs ${told(other)}`;
  }
  const extras = theirs.filter(({ entryBar }) => !known.has(entryBar));
  if (extras.length > 0) first ??= `ours none, theirs ${told(extras[0])}`;
  return { ours: ours.length, theirs: theirs.length, ...counts, extra: extras.length, first };
}

function verdictOn(
  ours: PeerTrade,
  theirs: PeerTrade | undefined,
): 'same' | 'otherExit' | 'otherProfit' | 'missing' {
  if (theirs === undefined) return 'missing';
  if (theirs.exitBar !== ours.exitBar) return 'otherExit';
  return Math.abs(returnOf(ours) - returnOf(theirs)) <= RETURN_TOLERANCE ? 'same' : 'otherProfit';
}

const returnOf = ({ profit, quantity, entryPrice }: PeerTrade): number => profit / (quantity * entryPrice);

const told = (trade: PeerTrade | undefined): string =>
  trade === undefined
    ? 'none'
    : `bars ${trade.entryBar}–${trade.exitBar} at ${trade.entryPrice.toFixed(2)}–${trade.exitPrice.toFixed(2)}, profit ${trade.profit.toFixed(4)}`;

/** One cell: whether all are the same, else how many are and what is with the others. */
export function agreementText({ ours, same, otherExit, otherProfit, missing, extra }: Agreement): string {
  if (same === ours && extra === 0) return `all ${count(ours)}`;
  const rest = [
    [otherExit, 'end elsewhere'],
    [otherProfit, 'earn other'],
    [missing, 'missing'],
    [extra, 'more'],
  ] as const;
  const told = rest.filter(([number]) => number > 0).map(([number, what]) => `${count(number)} ${what}`);
  return `${count(same)} of ${count(ours)}; ${told.join(', ')}`;
}

/** A whole number with its thousands set apart. */
export const count = (value: number): string => value.toLocaleString('en-US');

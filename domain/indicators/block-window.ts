/**
 * The streaming side of windows that never subtract: sums (or extremes) over the last `period` rows of one or two
 * numbers. Rows are cut into blocks of `period`; a window is a tail of the block before and a head of the current one,
 * and both only ever grow, from the boundary outwards. So nothing of what has left the window is in the result, not even
 * its rounding; sums may take distances from the first row of the current block, the `pivot`, which every window that
 * ends in the block holds. Constant time amortised: a block's tails are made when the next one begins.
 *
 * Batch kernels do the same in the same order, in loops of their own.
 */
export abstract class BlockWindow {
  protected pivot = NaN;
  protected secondPivot = NaN;
  private readonly first: Float64Array;
  private readonly second: Float64Array;
  private readonly heads: Float64Array;
  private readonly tails: readonly Float64Array[];
  private position = 0;
  private isFirstBlock = true;

  /** @param identities for each sum what it is of no rows: 0, or -Infinity for a maximum */
  protected constructor(
    protected readonly period: number,
    private readonly identities: readonly number[],
  ) {
    this.first = new Float64Array(period);
    this.second = new Float64Array(period);
    this.heads = new Float64Array(identities.length);
    this.tails = identities.map((identity) => tailsOf(period, identity));
  }

  /** Adds a row to the sums. */
  protected abstract add(sums: Float64Array, first: number, second: number): void;

  /** Takes the newest row. */
  protected push(first: number, second = NaN): void {
    if (this.position === this.period) {
      this.position = 0;
      this.isFirstBlock = false;
    }
    if (this.position === 0) this.beginBlock(first, second);
    this.first[this.position] = first;
    this.second[this.position] = second;
    this.position += 1;
    this.add(this.heads, first, second);
  }

  /** A sum over what of the window lies in the current block. */
  protected head(which: number): number {
    return this.heads[which] ?? NaN;
  }

  /** The same over what lies in the block before; NaN while the window is not full. */
  protected tail(which: number): number {
    return this.tails[which]?.[this.position] ?? NaN;
  }

  private beginBlock(first: number, second: number): void {
    this.pivot = first;
    this.secondPivot = second;
    if (!this.isFirstBlock) {
      this.heads.set(this.identities);
      for (let k = this.period - 1; k > 0; k -= 1) {
        this.add(this.heads, this.first[k] ?? NaN, this.second[k] ?? NaN);
        for (let which = 0; which < this.tails.length; which += 1) {
          const tail = this.tails[which];
          if (tail !== undefined) tail[k] = this.heads[which] ?? NaN;
        }
      }
    }
    this.heads.set(this.identities);
  }
}

/**
 * Room for the tails of a block: at `k` what its rows from `k` on come to, undefined as yet, and of none of them the
 * identity.
 */
export function tailsOf(period: number, identity = 0): Float64Array {
  const tails = new Float64Array(period + 1).fill(NaN);
  tails[period] = identity;
  return tails;
}

import { OrderBook } from '../order-book';
import type { Level, MarketStep, Print, SymbolSpec } from '../source';
import type { FeedBook, FeedEvent } from './feed';
import type { BookRow, News, PrintRow, Unstamped } from './news';
import { LiveScale } from './scale';

/** Levels of the venue's book that orders meet, on each side. */
export const MIRRORED_LEVELS = 100;
/** Events that wait for a snapshot of the book; far more than a healthy venue sends in the meantime. */
const MAX_HELD = 20_000;

type BookEvent = Extract<FeedEvent, { kind: 'book' }>;
type TradeEvent = Extract<FeedEvent, { kind: 'trade' }>;

/** The book is not the venue's any more: it has to be fetched anew. */
export class BookLost extends Error {}

/**
 * One symbol's book as the venue has it, by the venue's own rules: changes that arrive before the snapshot wait for it,
 * those it contains are dropped, the first one used must straddle it, and each later one must begin where the one
 * before ended.
 */
export class SymbolMirror {
  readonly scale: LiveScale;
  private book = new OrderBook();
  private bids: readonly Level[] = [];
  private asks: readonly Level[] = [];
  /** The last update in the book; undefined until there is a snapshot. */
  private updateId: number | undefined;
  private synced = false;
  /** False from a gap to the next snapshot: the levels are of no moment then. */
  private whole = false;
  private tradeId = -1;
  private heldChanges: BookEvent[] = [];
  private heldPrints: PrintRow[] = [];

  constructor(readonly spec: SymbolSpec) {
    this.scale = new LiveScale(spec);
  }

  /** Is the book the venue's, as of everything heard? */
  get isSynced(): boolean {
    return this.synced;
  }

  get lastUpdateId(): number | null {
    return this.updateId ?? null;
  }

  /** From now on news is held until a snapshot comes. What was held before a lost connection is forgotten: gaps stay gaps. */
  awaitSnapshot({ forget }: { readonly forget: boolean }): void {
    this.synced = false;
    this.heldChanges = [];
    if (forget) this.heldPrints = [];
  }

  /**
   * Takes a snapshot and the changes held for it.
   * @returns the news that it makes, or undefined when it is older than the changes: ask for another.
   * @throws BookLost when the changes do not fit together.
   */
  takeSnapshot(snapshot: FeedBook): Unstamped | undefined {
    const news = this.heldChanges.filter((change) => change.lastId > snapshot.updateId);
    const [first] = news;
    if (first !== undefined && first.firstId > snapshot.updateId + 1) return undefined;
    this.heldChanges = [];
    this.book = new OrderBook();
    this.setRows(this.scale.rows(snapshot.bids), this.scale.rows(snapshot.asks));
    this.updateId = snapshot.updateId;
    this.synced = true;
    this.whole = true;
    for (const change of news) this.follow(change);
    this.refresh();
    const prints = this.heldPrints;
    this.heldPrints = [];
    return { ...this.describe(), prints };
  }

  /** The whole book as news, for the head of a record; undefined while there is none. */
  head(): Unstamped | undefined {
    return this.whole ? { ...this.describe(), prints: [] } : undefined;
  }

  /** @returns the news that the change makes; undefined when it is held, or old. @throws BookLost after a gap. */
  takeChange(change: BookEvent): Unstamped | undefined {
    if (!this.synced) {
      if (this.heldChanges.length >= MAX_HELD) throw this.lost('too many changes wait for a snapshot');
      this.heldChanges.push(change);
      return undefined;
    }
    if (this.updateId !== undefined && change.lastId <= this.updateId) return undefined;
    const { bids, asks } = this.follow(change);
    this.refresh();
    return { kind: 'diff', symbol: this.spec.symbol, updateId: change.lastId, bids, asks };
  }

  /** @returns the news that the trade makes; undefined when it is known, too small to count, or waits for the book. */
  takeTrade({ tradeId, side, price, quantity }: TradeEvent): Unstamped | undefined {
    if (tradeId <= this.tradeId) return undefined;
    this.tradeId = tradeId;
    const print: PrintRow = [side, this.scale.ticks(price), this.scale.lots(quantity)];
    if (print[2] === 0) return undefined;
    if (this.synced) return { kind: 'trade', symbol: this.spec.symbol, tradeId, print };
    if (this.heldPrints.length < MAX_HELD) this.heldPrints.push(print);
    return undefined;
  }

  /** The market's next step. For news that this mirror has made itself the book is as the news left it already. */
  step(news: News): MarketStep {
    const { symbol, timeMs } = news;
    const { bids, asks } = this;
    const prints =
      news.kind === 'trade' ? [toPrint(news.print)] : news.kind === 'book' ? news.prints.map(toPrint) : [];
    return { symbol, timeMs, bids, asks, prints };
  }

  /** Puts recorded news in place, which was checked when it came. */
  replay(news: News): MarketStep {
    if (news.kind === 'book') {
      this.book = new OrderBook();
      this.whole = true;
    }
    if (news.kind === 'trade') this.tradeId = news.tradeId;
    else {
      this.setRows(news.bids, news.asks);
      this.updateId = news.updateId;
      this.setLadders();
    }
    if (news.kind === 'book') this.tradeId = Math.max(this.tradeId, news.tradeId);
    return this.step(news);
  }

  private describe() {
    const rows = (levels: readonly Level[]): BookRow[] =>
      levels.map(({ priceTicks, quantityLots }) => [priceTicks, quantityLots]);
    return {
      kind: 'book',
      symbol: this.spec.symbol,
      updateId: this.updateId ?? 0,
      bids: rows(this.book.bids.top(Infinity)),
      asks: rows(this.book.asks.top(Infinity)),
      tradeId: this.tradeId,
    } as const;
  }

  private follow(change: BookEvent): {
    readonly bids: readonly BookRow[];
    readonly asks: readonly BookRow[];
  } {
    const known = this.updateId ?? 0;
    if (change.firstId > known + 1)
      throw this.lost(`updates ${known + 1} to ${change.firstId - 1} of the book are missing`);
    const [bids, asks] = [this.scale.rows(change.bids), this.scale.rows(change.asks)];
    this.setRows(bids, asks);
    this.updateId = change.lastId;
    return { bids, asks };
  }

  private setRows(bids: readonly BookRow[], asks: readonly BookRow[]): void {
    for (const [ticks, lots] of bids) this.book.bids.set(ticks, lots);
    for (const [ticks, lots] of asks) this.book.asks.set(ticks, lots);
  }

  private setLadders(): void {
    this.bids = this.book.bids.top(MIRRORED_LEVELS);
    this.asks = this.book.asks.top(MIRRORED_LEVELS);
  }

  private refresh(): void {
    this.setLadders();
    const [bid, ask] = [this.bids[0], this.asks[0]];
    if (bid !== undefined && ask !== undefined && bid.priceTicks < ask.priceTicks) return;
    throw this.lost('the book is crossed or one side of it is empty');
  }

  private lost(reason: string): BookLost {
    this.synced = false;
    this.whole = false;
    return new BookLost(`${this.spec.symbol}: ${reason}`);
  }
}

function toPrint([side, priceTicks, quantityLots]: PrintRow): Print {
  return { side, priceTicks, quantityLots };
}

import type { ExchangePort } from '../adapters/exchange/port';
import type { Journal } from '../adapters/store/port';
import { ExchangeFailure, ExchangeMood, moodOf } from '../domain/errors';
import { RequestKind, type FailureStreak } from '../domain/triggers';

/** Failures within this time count once: an outage is as long as it is, however many requests meet it. */
const COUNT_ONCE_MS = 1_000;

/** What has happened to the requests of one kind since it was last journaled. */
interface News {
  /** A success came first: it ended whatever streak there was. */
  ended: boolean;
  failed: Omit<FailureStreak, 'kind'> | null;
}

export interface ExchangeHealthDeps {
  readonly account: string;
  readonly journal: Pick<Journal, 'recordStreak' | 'failureStreaks'>;
  readonly wallTimeMs: () => number;
  readonly log: { warn(fields: Readonly<Record<string, unknown>>, message: string): void };
}

/**
 * Counts requests to the exchange that fail one after the other. The count is journaled, so that it survives this process
 * and is shared with others; while requests succeed nothing is written. No request ever waits for it.
 */
export class ExchangeHealth {
  private readonly news = new Map<RequestKind, News>();
  /** Kinds of which the journal may hold a streak: all, for what a process before this one has left. */
  private readonly doubtful = new Set<RequestKind>(Object.values(RequestKind));
  private readonly countedAtMs = new Map<RequestKind, number>();
  private writing: Promise<void> | undefined;

  constructor(private readonly deps: ExchangeHealthDeps) {}

  /** The same port; what becomes of its requests is counted here. What it streams is not. */
  watch(port: ExchangePort): ExchangePort {
    const { Market, Account, Trade } = RequestKind;
    return {
      venue: port.venue,
      clock: () => this.count(Market, port.clock()),
      clockSkewMs: () => this.count(Market, port.clockSkewMs()),
      instruments: (symbols) => this.count(Market, port.instruments(symbols)),
      isListed: (symbol) => this.count(Market, port.isListed(symbol)),
      bars: (request) => this.count(Market, port.bars(request)),
      quotes: (symbols) => this.count(Market, port.quotes(symbols)),
      book: (symbol, levels) => this.count(Market, port.book(symbol, levels)),
      trades: (symbol, limit) => this.count(Market, port.trades(symbol, limit)),
      balances: () => this.count(Account, port.balances()),
      lookUp: (symbol, id) => this.count(Account, port.lookUp(symbol, id)),
      openOrders: (symbol) => this.count(Account, port.openOrders(symbol)),
      ordersSince: (symbol, sinceMs) => this.count(Account, port.ordersSince(symbol, sinceMs)),
      fillsSince: (symbol, sinceMs) => this.count(Account, port.fillsSince(symbol, sinceMs)),
      ordersFrom: (symbol, orderId) => this.count(Account, port.ordersFrom(symbol, orderId)),
      fillsFrom: (symbol, tradeId) => this.count(Account, port.fillsFrom(symbol, tradeId)),
      fillsOf: (symbol, orderId, id) => this.count(Account, port.fillsOf(symbol, orderId, id)),
      keyRights: () => this.count(Account, port.keyRights()),
      submit: (request) => this.count(Trade, port.submit(request)),
      replace: (cancelId, request) => this.count(Trade, port.replace(cancelId, request)),
      cancel: (symbol, id) => this.count(Trade, port.cancel(symbol, id)),
      watchAccount: (onEvent, signal) => port.watchAccount(onEvent, signal),
      watchMarket: (request, onEvent, signal) => port.watchMarket(request, onEvent, signal),
      close: () => port.close(),
    };
  }

  /** The streaks of the account, those that other processes have seen included. @throws when the journal cannot be read */
  async streaks(): Promise<readonly FailureStreak[]> {
    await this.write();
    const streaks = await this.deps.journal.failureStreaks(this.deps.account);
    // A success here ends them, whoever has begun them.
    for (const { kind } of streaks) this.doubtful.add(kind);
    return streaks;
  }

  /** What has not been journaled yet is forgotten: the account is measured afresh. */
  forget(): void {
    this.news.clear();
    this.countedAtMs.clear();
  }

  private async count<T>(kind: RequestKind, request: Promise<T>): Promise<T> {
    try {
      const answer = await request;
      this.note(kind, ExchangeMood.Answers, '');
      return answer;
    } catch (error) {
      if (error instanceof ExchangeFailure) this.note(kind, moodOf(error), error.message);
      throw error;
    }
  }

  private note(kind: RequestKind, mood: ExchangeMood, message: string): void {
    if (mood === ExchangeMood.Unknown) return;
    if (mood === ExchangeMood.Answers) this.succeeded(kind);
    else this.failed(kind, message);
    // Refused is reached.
    if (mood === ExchangeMood.Silent) this.failed(RequestKind.Any, message);
    else this.succeeded(RequestKind.Any);
    if (this.news.size > 0) void this.write().catch(() => undefined);
  }

  private succeeded(kind: RequestKind): void {
    if (!this.doubtful.delete(kind)) return;
    this.countedAtMs.delete(kind);
    this.news.set(kind, { ended: true, failed: null });
  }

  private failed(kind: RequestKind, message: string): void {
    const nowMs = this.deps.wallTimeMs();
    this.doubtful.add(kind);
    const countedMs = this.countedAtMs.get(kind);
    if (countedMs !== undefined && nowMs < countedMs + COUNT_ONCE_MS) return;
    this.countedAtMs.set(kind, nowMs);
    const { ended, failed } = this.news.get(kind) ?? { ended: false, failed: null };
    this.news.set(kind, {
      ended,
      failed: {
        failures: (failed?.failures ?? 0) + 1,
        firstFailedMs: failed?.firstFailedMs ?? nowMs,
        lastFailedMs: nowMs,
        message,
      },
    });
  }

  /** Journals what is new, one writer at a time; what cannot be journaled now is kept, in one entry per kind. */
  private write(): Promise<void> {
    this.writing ??= this.drain().finally(() => {
      this.writing = undefined;
    });
    return this.writing;
  }

  private async drain(): Promise<void> {
    for (let entry = this.next(); entry !== undefined; entry = this.next()) {
      const [kind, news] = entry;
      this.news.delete(kind);
      try {
        await this.deps.journal.recordStreak(this.deps.account, { kind, ...news });
      } catch (error) {
        this.putBack(kind, news);
        this.deps.log.warn({ kind, error }, 'failures of the exchange could not be journaled');
        throw error;
      }
    }
  }

  private next(): [RequestKind, News] | undefined {
    const [entry] = this.news;
    return entry;
  }

  private putBack(kind: RequestKind, before: News): void {
    const after = this.news.get(kind);
    if (after?.ended === true) return;
    const failures = (before.failed?.failures ?? 0) + (after?.failed?.failures ?? 0);
    const latest = after?.failed ?? before.failed;
    const failed =
      latest === null
        ? null
        : { ...latest, failures, firstFailedMs: before.failed?.firstFailedMs ?? latest.firstFailedMs };
    this.news.set(kind, { ended: before.ended, failed });
  }
}

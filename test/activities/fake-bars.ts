import type { BarSourceError } from '../../adapters/exchange/bar-source';
import { type BarPage, type BarSource } from '../../adapters/exchange/bar-source';
import type { HistoryStore, ObservationQuery, WriteResult } from '../../adapters/history/port';
import { timeframeMs } from '../../domain/bar';
import { observationColumns, type ObservationColumns, type Observation } from '../../domain/observations';

/** A venue whose bars are all alike, told a few at a time; it fails as scripted. */
export class FakeBars implements BarSource {
  readonly venue = 'fake';
  /** Bars that one request tells. */
  pageBars = 10;
  /** Nothing was listed before. */
  listedMs = 0;
  readonly failures: BarSourceError[] = [];
  /** Where each request began. */
  readonly asked: number[] = [];

  constructor(private readonly now: () => number) {}

  nowMs(): Promise<number> {
    return Promise.resolve(this.now());
  }

  page({ timeframe, fromMs, toMs }: Parameters<BarSource['page']>[0]): Promise<BarPage> {
    this.asked.push(fromMs);
    const failure = this.failures.shift();
    if (failure !== undefined) return Promise.reject(failure);
    const length = timeframeMs(timeframe);
    const times = Array.from({ length: this.pageBars }, (_, index) => fromMs + index * length);
    const bars = times
      .filter((openTimeMs) => openTimeMs >= this.listedMs && openTimeMs < toMs)
      .map((openTimeMs) => ({ openTimeMs, open: 1, high: 2, low: 0.5, close: 1.5, volume: 3 }));
    return Promise.resolve({ bars, nextMs: fromMs + this.pageBars * length });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Rows by series and time, as the database keeps them. */
export class MemoryHistory implements Pick<HistoryStore, 'write' | 'observations'> {
  readonly rows = new Map<string, Map<number, string>>();
  /** By origin, kind and subject. */
  readonly observed = new Map<string, readonly Observation[]>();
  /** What was asked of observations. */
  readonly queries: ObservationQuery[] = [];

  write(...[key, rows]: Parameters<HistoryStore['write']>): Promise<WriteResult> {
    const name = [key.venue, key.symbol, key.timeframe].join(' ');
    const known = this.rows.get(name) ?? new Map<number, string>();
    this.rows.set(name, known);
    const result = { inserted: 0, changed: 0, unchanged: 0 };
    for (let index = 0; index < rows.length; index += 1) {
      const [timeMs, line] = [rows.timeMs(index), rows.copyLine(index)];
      const before = known.get(timeMs);
      if (before === undefined) result.inserted += 1;
      else if (before === line) result.unchanged += 1;
      else result.changed += 1;
      known.set(timeMs, line);
    }
    return Promise.resolve(result);
  }

  observations(query: ObservationQuery): Promise<ObservationColumns> {
    this.queries.push(query);
    const { kind, subject, origins, sinceMs = -Infinity, untilMs = Infinity } = query;
    const told = origins.flatMap((origin) => this.observed.get([origin, kind, subject].join(' ')) ?? []);
    const known = told.filter(({ knownMs }) => knownMs > sinceMs && knownMs <= untilMs);
    return Promise.resolve(observationColumns(kind, known));
  }
}

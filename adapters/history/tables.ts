import { HistoryKind } from './port';

/** How the rows of a kind lie in PostgreSQL. */
export interface TableShape {
  readonly table: string;
  /** After `series_id`, with their types. What has been observed: its time, its outputs by their names, when it was known. */
  readonly columns: readonly (readonly [name: string, type: string])[];
  /** The column that, with the series, makes a row unique. */
  readonly key: string;
}

const TIME = ['time_ms', 'bigint'] as const;
const KNOWN = ['known_ms', 'bigint'] as const;
const number = (name: string) => [name, 'double precision'] as const;

export const TABLES: Readonly<Record<HistoryKind, TableShape>> = {
  [HistoryKind.Candles]: {
    table: 'history_candles',
    columns: [TIME, number('open'), number('high'), number('low'), number('close'), number('volume')],
    key: 'time_ms',
  },
  [HistoryKind.Funding]: { table: 'history_funding', columns: [TIME, number('rate'), KNOWN], key: 'time_ms' },
  [HistoryKind.LongShort]: {
    table: 'history_long_short',
    columns: [TIME, number('ratio'), KNOWN],
    key: 'time_ms',
  },
  [HistoryKind.FearGreed]: {
    table: 'history_fear_greed',
    columns: [TIME, number('value'), KNOWN],
    key: 'time_ms',
  },
  [HistoryKind.Mood]: {
    table: 'history_moods',
    columns: [TIME, number('score'), ['breaking', 'smallint'], KNOWN],
    key: 'known_ms',
  },
  [HistoryKind.Trades]: {
    table: 'history_trades',
    columns: [['trade_id', 'text'], TIME, number('price'), number('quantity'), ['side', 'text']],
    key: 'trade_id',
  },
};

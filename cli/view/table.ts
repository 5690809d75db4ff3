import { clip } from '../format';
import type { Paint, Style } from './paint';

/** A cell, with how to paint it. */
export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

export interface ViewColumn {
  readonly head: string;
  readonly align?: 'left' | 'right';
  /** Columns with the highest number are left out first when the table is too wide; those without stay. */
  readonly dropAt?: number;
}

const GAP = 2;

/**
 * A table of exactly fitting lines: columns are dropped until it fits into `width`, and the last one is clipped to what
 * is left. Every row has one cell per column.
 */
export function fitTable(
  columns: readonly ViewColumn[],
  rows: readonly (readonly Cell[])[],
  options: { readonly width: number; readonly paint: Paint; readonly heads: boolean },
): readonly string[] {
  const { width, paint, heads } = options;
  const kept = keepFitting(columns, rows, width, heads);
  const widths = kept.map((index) => widthOf(columns, rows, index, heads));
  const line = (cellAt: (index: number) => Cell): string => {
    let left = width;
    const parts: string[] = [];
    for (const [place, index] of kept.entries()) {
      if (left <= 0) break;
      const isLast = place === kept.length - 1;
      const room = isLast ? left : Math.min(left, widths[place] ?? 0);
      const { text, style } = cellAt(index);
      const clipped = clip(text, room);
      const aligned =
        columns[index]?.align === 'right'
          ? clipped.padStart(Math.min(room, widths[place] ?? 0))
          : isLast
            ? clipped
            : clipped.padEnd(room);
      parts.push(style === undefined ? aligned : paint(aligned, style));
      left -= room + GAP;
    }
    return parts.join(' '.repeat(GAP));
  };
  const body = rows.map((row) => line((index) => row[index] ?? { text: '' }));
  return heads ? [line((index) => ({ text: columns[index]?.head ?? '', style: 'dim' })), ...body] : body;
}

const widthOf = (
  columns: readonly ViewColumn[],
  rows: readonly (readonly Cell[])[],
  index: number,
  heads: boolean,
): number =>
  Math.max(
    heads ? (columns[index]?.head.length ?? 0) : 0,
    ...rows.map((row) => row[index]?.text.length ?? 0),
  );

/** The last column is not counted at its full width: it is the one that may be clipped. */
function keepFitting(
  columns: readonly ViewColumn[],
  rows: readonly (readonly Cell[])[],
  width: number,
  heads: boolean,
): readonly number[] {
  const droppable = columns.flatMap(({ dropAt }, index) => (dropAt === undefined ? [] : [{ dropAt, index }]));
  droppable.sort((a, b) => b.dropAt - a.dropAt);
  let kept = columns.map((_, index) => index);
  const total = (): number =>
    kept.reduce((sum, index, place) => {
      const full = widthOf(columns, rows, index, heads);
      return (
        sum +
        (place === kept.length - 1 && columns[index]?.align !== 'right' ? Math.min(full, MIN_LAST) : full) +
        GAP
      );
    }, -GAP);
  for (const { index } of droppable) {
    if (total() <= width) break;
    kept = kept.filter((candidate) => candidate !== index);
  }
  return kept;
}

/** A clipped last column should still say something. */
const MIN_LAST = 24;

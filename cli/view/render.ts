import { clip } from '../format';
import { createPaint, type Paint } from './paint';
import {
  accountLines,
  decisionLines,
  footerLines,
  headerLines,
  newsLines,
  orderLines,
  positionLines,
  riskLines,
} from './sections';
import type { Snapshot } from './snapshot';

export interface ViewSize {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
}

interface Section {
  readonly title: string;
  readonly lines: readonly string[];
  /** Lines it gets before others get more. */
  readonly least: number;
}

/**
 * One picture of the live view: at most `rows` lines, none longer than `columns`. Pure: the same snapshot and size
 * always give the same picture. When there is too little room, positions come first, then decisions, orders and risk.
 */
export function renderView(snapshot: Snapshot, { columns, rows, colour }: ViewSize): readonly string[] {
  const paint = createPaint(colour);
  const width = Math.max(40, columns) - 1;
  const header = headerLines(snapshot, width, paint);
  const footer = footerLines(snapshot, width, paint);
  const sections: readonly Section[] = [
    { title: 'Account', lines: accountLines(snapshot, width, paint), least: 2 },
    {
      title: `Positions (${snapshot.positions.length})`,
      lines: positionLines(snapshot, width, paint),
      least: 4,
    },
    { title: 'Decisions', lines: decisionLines(snapshot, width, paint), least: 3 },
    { title: 'Orders', lines: orderLines(snapshot, width, paint), least: 3 },
    ...(snapshot.news === null
      ? []
      : [{ title: 'News', lines: newsLines(snapshot, width, paint), least: 2 }]),
    { title: 'Risk events', lines: riskLines(snapshot, width, paint), least: 1 },
  ];
  const room = rows - header.length - footer.length;
  const shares = shareRoom(sections, room);
  const body = sections.flatMap(({ title, lines }, index) => {
    const share = shares[index] ?? 0;
    return share < 2 ? [] : [titleLine(title, width, paint), ...lines.slice(0, share - 1)];
  });
  const filler = Array.from({ length: Math.max(0, room - body.length) }, () => '');
  return [...header, ...body, ...filler, ...footer].slice(0, rows);
}

/** Gives every section its title and its least, in order of importance, then hands out what is left from the top. */
function shareRoom(sections: readonly Section[], room: number): readonly number[] {
  let left = room;
  const shares = sections.map(({ lines, least }) => {
    const wanted = 1 + Math.min(least, lines.length);
    const given = left >= 2 ? Math.min(wanted, left) : 0;
    left -= given;
    return given;
  });
  while (left > 0) {
    const hungry = sections.findIndex(
      ({ lines }, index) => (shares[index] ?? 0) >= 2 && (shares[index] ?? 0) < lines.length + 1,
    );
    if (hungry < 0) break;
    for (const [index, { lines }] of sections.entries()) {
      const share = shares[index] ?? 0;
      if (left > 0 && share >= 2 && share < lines.length + 1) {
        shares[index] = share + 1;
        left -= 1;
      }
    }
  }
  return shares;
}

function titleLine(title: string, width: number, paint: Paint): string {
  const text = clip(`── ${title} `, width);
  return paint(text.padEnd(width, '─'), 'dim');
}

import Table from 'cli-table3';

/** Where a command's result goes: tables for people, JSON for programs. */
export interface Output {
  readonly json: boolean;
  /** Lines for people; nothing with --json. */
  say(text: string): void;
  /** The result itself: `value` as JSON, or what `people` prints. */
  result(value: unknown, people: () => void): void;
  /** A table, or `empty` when it has no rows. */
  table(columns: readonly Column[], rows: readonly (readonly string[])[], empty: string): void;
}

export interface Column {
  readonly head: string;
  readonly align?: 'left' | 'right';
}

/** Columns from their heads; a head that begins with `>` is a column of numbers, aligned to the right. */
export const columns = (...heads: readonly string[]): readonly Column[] =>
  heads.map((head) => (head.startsWith('>') ? { head: head.slice(1), align: 'right' } : { head }));

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

let printed = false;

/** True once a command has printed its result as JSON: programs read one document, so a failure after it adds none. */
export const hasPrintedResult = (): boolean => printed;

export function createOutput(json: boolean, write: (text: string) => void): Output {
  const say = (text: string): void => {
    if (!json) write(`${text}\n`);
  };
  return {
    json,
    say,
    result(value, people) {
      if (!json) {
        people();
        return;
      }
      write(`${JSON.stringify(value, null, 2)}\n`);
      printed = true;
    },
    table(shape, rows, empty) {
      if (rows.length === 0) {
        say(empty);
        return;
      }
      const table = new Table({
        head: shape.map(({ head }) => head.toUpperCase()),
        colAligns: shape.map(({ align }) => align ?? 'left'),
        chars: NO_LINES,
        style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
      });
      table.push(...rows.map((row) => [...row]));
      say(
        table
          .toString()
          .split('\n')
          .map((line) => line.trimEnd())
          .join('\n'),
      );
    },
  };
}

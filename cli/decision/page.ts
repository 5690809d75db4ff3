import type { Paint } from '../view/paint';

/** What a line says about what it tells. */
export const Mark = { Good: '✓', Bad: '✗', Missing: '–', Plain: '·' } as const;
export type Mark = (typeof Mark)[keyof typeof Mark];

/** One thing that is told: who or what, and in which words. */
export interface Line {
  readonly label: string;
  readonly text: string;
  readonly mark?: Mark;
  /** As it is: not wrapped, each of its lines indented. */
  readonly verbatim?: string;
}

export interface Section {
  readonly title: string;
  /** Beside the title. */
  readonly gist?: string;
  readonly lines: readonly Line[];
}

const LABEL_WIDTH = 17;
const INDENT = '  ';
/** Prose is not read well in longer lines. */
const WIDEST = 120;

/** A page of sections whose lines fit into `width` characters, but for links and what is verbatim. */
export function printPage(sections: readonly Section[], width: number, paint: Paint): string {
  const fit = Math.min(width, WIDEST);
  return sections.map((section) => printSection(section, fit, paint).join('\n')).join('\n\n');
}

function printSection({ title, gist, lines }: Section, width: number, paint: Paint): readonly string[] {
  const heading = title.toUpperCase();
  const [first = '', ...rest] = wrap(gist ?? '', width - heading.length - 2);
  return [
    `${paint(heading, 'bold')}${first === '' ? '' : `  ${first}`}`,
    ...rest.map((line) => `${' '.repeat(heading.length + 2)}${line}`),
    ...lines.flatMap((line) => printLine(line, width, paint)),
  ];
}

function printLine({ label, text, mark, verbatim }: Line, width: number, paint: Paint): readonly string[] {
  const marked = mark === undefined ? '' : `${mark} `;
  const indent = INDENT.length + LABEL_WIDTH;
  const hanging = ' '.repeat(indent + marked.length);
  const [first = '', ...rest] = wrap(text, width - indent - marked.length);
  // A label that is too long has a line of its own.
  const head = label.length < LABEL_WIDTH ? [] : [`${INDENT}${paint(label, 'dim')}`];
  const lead = head.length > 0 ? ' '.repeat(LABEL_WIDTH) : label.padEnd(LABEL_WIDTH);
  const style = mark === Mark.Good ? 'green' : mark === Mark.Bad ? 'red' : 'dim';
  return [
    ...head,
    `${INDENT}${paint(lead, 'dim')}${marked === '' ? '' : paint(marked, style)}${first}`.trimEnd(),
    ...rest.map((line) => `${hanging}${line}`),
    ...(verbatim?.split('\n').map((line) => `${' '.repeat(indent)}${line}`) ?? []),
  ];
}

/** Breaks a text at its spaces; a word that is longer than the width, such as a link, stays whole. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(/\s+/).filter((one) => one !== '')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

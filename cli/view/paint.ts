/** Text styles of the view, as the codes that terminals understand. */
const CODES = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36' } as const;
export type Style = keyof typeof CODES;

/** Colours a text, or leaves it as it is. Widths are always measured before painting. */
export type Paint = (text: string, ...styles: readonly Style[]) => string;

export const createPaint =
  (colour: boolean): Paint =>
  (text, ...styles) =>
    colour && styles.length > 0
      ? `\u001B[${styles.map((style) => CODES[style]).join(';')}m${text}\u001B[0m`
      : text;

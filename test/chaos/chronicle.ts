/** One thing that happened, told in one line. */
export interface Entry {
  /** UTC milliseconds. */
  readonly wallMs: number;
  /** Who or what it is about: `kill`, `fault`, `operator`, `exchange`, `journal`, `workflow`, `harness`. */
  readonly source: string;
  readonly text: string;
}

/** What the harness itself does and notices, in the order in which it happens. */
export class Chronicle {
  readonly entries: Entry[] = [];

  note(source: string, text: string): void {
    this.entries.push({ wallMs: Date.now(), source, text });
  }

  count(source: string): number {
    return this.entries.filter((entry) => entry.source === source).length;
  }
}

/** The message of anything thrown, with those of its causes. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : ` (${explain(error.cause)})`;
  return `${error.message}${cause}`;
}

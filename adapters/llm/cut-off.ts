/**
 * Until when the texts reach that a model was trained on, as its maker has published it (UTC, the last day that is said to be covered).
 * Matched by the beginning of the model's name, the longest first. What is configured for a model wins.
 */
const PUBLISHED: Readonly<Record<string, string>> = {
  'gpt-4o': '2023-10-01',
  'gpt-4.1': '2024-06-01',
  'gpt-5': '2024-09-30',
  'claude-3-5-sonnet': '2024-04-30',
  'claude-3-7-sonnet': '2024-11-30',
  'claude-sonnet-4-0': '2025-03-31',
  'claude-opus-4-0': '2025-03-31',
  'Meta-Llama-3.1': '2023-12-31',
};

/** The published cut-off of a model, `YYYY-MM-DD`; undefined when it is not known here. */
export function publishedCutOff(model: string): string | undefined {
  const known = Object.keys(PUBLISHED).filter((name) => model.startsWith(name));
  const longest = known.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : PUBLISHED[longest];
}

/** How a period lies to what a model may remember of it. */
export const Hindsight = {
  /** All of it is later than the cut-off: nothing can be remembered. */
  None: 'none',
  /** It begins before the cut-off: the model may remember how things went, so what it says proves nothing. */
  Possible: 'possible',
  /** The cut-off is not known, so nothing is proven either. */
  Unknown: 'unknown',
} as const;
export type Hindsight = (typeof Hindsight)[keyof typeof Hindsight];

const DAY_MS = 86_400_000;

/**
 * Whether a model may know the outcome of a backtest's period from its training.
 * @param cutOff `YYYY-MM-DD`, the last day covered; undefined when nobody knows
 * @param fromMs the beginning of the period, UTC milliseconds
 * @throws RangeError for a text that is no date
 */
export function hindsightOf(cutOff: string | undefined, fromMs: number): Hindsight {
  if (cutOff === undefined) return Hindsight.Unknown;
  const dayMs = Date.parse(`${cutOff}T00:00:00Z`);
  if (Number.isNaN(dayMs)) throw new RangeError(`Not a date: "${cutOff}". Write it like 2025-03-31.`);
  return fromMs >= dayMs + DAY_MS ? Hindsight.None : Hindsight.Possible;
}

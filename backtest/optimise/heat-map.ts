import { isMinimised, valueOf, type Objective } from './objective';
import type { StabilityMap } from './stability';
import { metricLabel, metricText } from './sweep-tables';

/** Lowest to highest; a place that nobody has been near is empty. */
const SHADES = ['·', '░', '▒', '▓', '█'] as const;
const BEST = '◆';
const NOTHING = ' ';

/** The lowest and the highest mean of a map's cells; null when none has one. */
export function rangeOf({ rows }: StabilityMap): { readonly low: number; readonly high: number } | null {
  const means = rows.flat().flatMap(({ mean }) => (mean === null ? [] : [mean]));
  return means.length === 0 ? null : { low: Math.min(...means), high: Math.max(...means) };
}

/** Where a mean is between the lowest and the highest: 0 to 1. */
export const shareOfRange = (
  mean: number,
  { low, high }: { readonly low: number; readonly high: number },
): number => (high > low ? (mean - low) / (high - low) : 1);

/** The maps in which the parameters matter the most first. */
export const byContrast = (maps: readonly StabilityMap[]): readonly StabilityMap[] => {
  const contrast = (map: StabilityMap): number => {
    const range = rangeOf(map);
    return range === null ? -1 : range.high - range.low;
  };
  return maps.toSorted((a, b) => contrast(b) - contrast(a));
};

/** A map in characters, the highest values of `y` on top. */
export function heatMapLines(map: StabilityMap, objective: Objective): readonly string[] {
  const range = rangeOf(map);
  if (range === null) return [];
  const { x, y, rows, best } = map;
  const width = Math.max(...y.labels.map(({ length }) => length), y.name.length);
  const text = (score: number): string => metricText(objective, valueOf(score, objective));
  const lines = rows.map((row, at) => {
    const cells = row.map(({ mean }, column) => {
      if (best?.x === column && best.y === at) return BEST.repeat(2);
      if (mean === null) return NOTHING.repeat(2);
      const shade = Math.min(SHADES.length - 1, Math.floor(shareOfRange(mean, range) * SHADES.length));
      return (SHADES[shade] ?? NOTHING).repeat(2);
    });
    return `${(y.labels[at] ?? '').padStart(width)} │${cells.join('')}│`;
  });
  const [first = '', last = ''] = [x.labels.at(0), x.labels.at(-1)];
  const room = Math.max(1, 2 * x.labels.length - first.length - last.length);
  return [
    `${y.name} (up) by ${x.name} (right): ${metricLabel(objective)} of the trials around, ${SHADES[0]} ${text(range.low)} to ${SHADES.at(-1) ?? ''} ${text(range.high)}, ${BEST} the best${isMinimised(objective) ? '; less is better' : ''}`,
    ...lines.toReversed(),
    `${' '.repeat(width + 2)}${first}${' '.repeat(room)}${last}`,
  ];
}

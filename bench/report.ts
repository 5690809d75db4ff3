import { meetsGoal, type NamedMeasurement } from './measurement';

const HEAD = ['', 'value', 'baseline', 'ratio', 'goal', ''] as const;

/** A table for people, and under it one line for each figure on how it was measured. */
export function report(measurements: readonly NamedMeasurement[]): string {
  const how = measurements.map(({ name, how: text }) => `${name}: ${text}`);
  return [table([HEAD, ...measurements.map(cells)]), '', ...how].join('\n');
}

/** Rows of cells in columns, the first aligned left and the others right. */
export function table(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const aligned = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(aligned).join('  ').trimEnd()).join('\n');
}

function cells(measurement: NamedMeasurement): readonly string[] {
  const { name, value, unit, baseline, ratio, goal } = measurement;
  const met = meetsGoal(measurement);
  return [
    name,
    `${figure(value)} ${unit}`.trim(),
    baseline === null ? '' : `${figure(baseline)} ${unit}`.trim(),
    ratio === null ? '' : ratio.toFixed(2),
    goal === null ? '' : `${goal.of === 'ratio' ? 'ratio ' : ''}≤ ${goal.atMost}`,
    met === null ? '' : met ? 'met' : 'MISSED',
  ];
}

/** Three digits that count. */
export function figure(value: number): string {
  if (value === 0 || Number.isInteger(value)) return String(value);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 4));
}

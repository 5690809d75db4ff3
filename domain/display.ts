/** How plain numbers and times look to people. Times are UTC, as markets are. */

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `2025-06-03 14:05:09`, or a shorter form from the left. */
export const utcTime = (timeMs: number, form: 'full' | 'minutes' | 'clock' = 'full'): string => {
  const text = new Date(timeMs).toISOString().replace('T', ' ');
  if (form === 'clock') return text.slice(11, 19);
  return text.slice(0, form === 'minutes' ? 16 : 19);
};

/** `12.34 %` of a fraction. */
export const percent = (fraction: number, digits = 2): string => `${fixed(fraction * 100, digits)} %`;

/** So many digits, and no sign before what they say is zero. */
export const fixed = (value: number, digits: number): string =>
  value.toFixed(digits).replace(/^-(?=0(\.0+)?$)/, '');

/** A span in its two largest units: `3d 4h`, `12m 30s`, `8s`. */
export function span(durationMs: number): string {
  const rounded = Math.max(0, Math.round(durationMs / SECOND_MS) * SECOND_MS);
  if (rounded >= DAY_MS)
    return `${Math.floor(rounded / DAY_MS)}d ${Math.floor((rounded % DAY_MS) / HOUR_MS)}h`;
  if (rounded >= HOUR_MS)
    return `${Math.floor(rounded / HOUR_MS)}h ${Math.floor((rounded % HOUR_MS) / MINUTE_MS)}m`;
  if (rounded >= MINUTE_MS)
    return `${Math.floor(rounded / MINUTE_MS)}m ${Math.floor((rounded % MINUTE_MS) / SECOND_MS)}s`;
  return `${rounded / SECOND_MS}s`;
}

/** A number with thousands separators and so many digits: `10,250.31`. */
export function thousands(value: number, digits = 2): string {
  const [whole = '0', part] = fixed(value, digits).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return part === undefined ? grouped : `${grouped}.${part}`;
}

/** Faults of requests, by what they leave of an order that was in one. */

/** It was accepted, and the answer does not say so. */
export const ACCEPTED_BEHIND: readonly object[] = [
  { kind: 'reset-after' },
  { kind: 'hang-after' },
  { kind: 'status', status: 502, phase: 'after' },
  { kind: 'status', status: 504, phase: 'after' },
  { kind: 'garbage', phase: 'after' },
  { kind: 'garbage', status: 502, phase: 'after' },
  { kind: 'empty', phase: 'after' },
  { kind: 'code', code: -1000, phase: 'after' },
  { kind: 'code', code: -1001, phase: 'after' },
  { kind: 'code', code: -1006, phase: 'after' },
  { kind: 'code', code: -1007, phase: 'after' },
];

/** It never arrived, and the answer does not say so either. */
export const LOST_BEFORE: readonly object[] = [
  { kind: 'reset-before' },
  { kind: 'hang-before' },
  { kind: 'status', status: 502 },
  { kind: 'garbage' },
  { kind: 'garbage', status: 403 },
  { kind: 'empty' },
  { kind: 'code', code: -1000 },
  { kind: 'code', code: -1001 },
  { kind: 'code', code: -1006 },
  { kind: 'code', code: -1007 },
];

/** It was not taken for now, and the answer says so. */
export const NOT_TAKEN: readonly object[] = [
  { kind: 'code', code: -1003, retryAfterS: 0 },
  { kind: 'code', code: -1008 },
  { kind: 'code', code: -1015, retryAfterS: 0 },
  { kind: 'code', code: -1021 },
  { kind: 'rate-limit', status: 418, retryAfterS: 0 },
];

/** It was refused for good, and the answer says so. */
export const REFUSED: readonly object[] = [
  { kind: 'code', code: -1022 },
  { kind: 'code', code: -2010 },
  { kind: 'code', code: -2015 },
];

/** Rows of `it.each`: what the fault is called, and the fault. */
export const named = (faults: readonly object[]): [string, object][] =>
  faults.map((fault) => [Object.values(fault).join(' '), fault]);

/**
 * The two clocks. Deadlines, signatures and unprotected time use wall time; bars, expiry and decisions use market
 * time, which an emulator may run faster. One reading relates the two.
 */
export interface ClockReading {
  readonly wallTimeMs: number;
  readonly marketTimeMs: number;
  /** Market milliseconds per wall millisecond; 1 on a real exchange. */
  readonly speed: number;
  /** One pass over a market: `live` for ever on a real exchange, new with each reset of a replay. */
  readonly session: string;
  readonly state: 'running' | 'paused' | 'ended';
  /** Wall time since when a mirrored market lacks its venue's data; absent while it has it, and for every other market. */
  readonly staleSinceMs?: number;
}

/** Market time at `wallTimeMs`, extrapolated from a reading. */
export function marketTimeAt(reading: ClockReading, wallTimeMs: number): number {
  if (reading.state !== 'running') return reading.marketTimeMs;
  return reading.marketTimeMs + (wallTimeMs - reading.wallTimeMs) * reading.speed;
}

/** How long to wait in wall milliseconds until the market clock shows `marketTimeMs`; 0 when it has passed. */
export function wallDelayUntil(reading: ClockReading, marketTimeMs: number, wallTimeMs: number): number {
  return Math.max(0, Math.ceil((marketTimeMs - marketTimeAt(reading, wallTimeMs)) / reading.speed));
}

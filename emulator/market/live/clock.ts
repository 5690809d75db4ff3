import type { ClockReading } from '../../../domain/clock';
import { ClockState, type VenueClock } from '../../clock';

/** Told time may be ahead of the venue's by so much, in wall milliseconds, before the clock counts as standing still. */
const MAX_AHEAD_MS = 1000;

/** A venue's clock as it was read, tied to this machine's monotonic clock. */
interface Anchor {
  readonly atMs: number;
  readonly marketMs: number;
  readonly speed: number;
  readonly state: ClockState;
}

/**
 * The venue's market time, carried on by this machine's clock between readings. It never goes back, and it never
 * passes the moment of news that is not on the disk yet: whatever it has told, a restart finds again.
 */
export class LiveClock implements VenueClock {
  private toldMs = 0;
  private stampedMs = 0;
  private publishedMs = 0;
  /** Moments of news on the way to the disk, oldest first. */
  private readonly pending: number[] = [];
  private held = true;
  private anchor: Anchor;

  /**
   * @param wallMs wall time in UTC milliseconds
   * @param monotonicMs a clock that never jumps
   */
  constructor(
    reading: ClockReading,
    private readonly wallMs: () => number = () => Date.now(),
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {
    this.anchor = this.anchorAt(reading);
  }

  /** Stands still at `positionMs` until it is released. News up to `publishedMs` is on the disk from before. */
  hold(positionMs: number, publishedMs: number): void {
    this.toldMs = positionMs;
    this.publishedMs = publishedMs;
  }

  release(): void {
    this.held = false;
  }

  /** Follows a new reading. */
  follow(reading: ClockReading): void {
    this.anchor = this.anchorAt(reading);
  }

  now(): number {
    if (this.held) return this.toldMs;
    const limitMs = (this.pending[0] ?? Infinity) - 1;
    this.toldMs = Math.max(this.toldMs, Math.min(Math.max(this.venueMs(), this.publishedMs), limitMs));
    return this.toldMs;
  }

  /** The moment of news that has just arrived: after everything told, and not before the news before it. */
  stamp(): number {
    this.stampedMs = Math.max(this.venueMs(), this.toldMs + 1, this.stampedMs);
    this.pending.push(this.stampedMs);
    return this.stampedMs;
  }

  /** The oldest news on its way has reached the disk. */
  published(): void {
    this.publishedMs = this.pending.shift() ?? this.publishedMs;
  }

  /** The venue's time, told or not. */
  venueMs(): number {
    const { atMs, marketMs, speed, state } = this.anchor;
    const passedMs = state === ClockState.Running ? (this.monotonicMs() - atMs) * speed : 0;
    return Math.floor(marketMs + passedMs);
  }

  get speed(): number {
    return this.anchor.speed;
  }

  /** Paused, too, while the venue has still to catch up with what was told: market time stands still then. */
  get state(): ClockState {
    const aheadMs = this.toldMs - this.venueMs();
    return aheadMs > MAX_AHEAD_MS * this.speed ? ClockState.Paused : this.anchor.state;
  }

  moveTo(): void {
    throw new Error('a mirrored market keeps the time of its venue');
  }

  pause(): void {
    this.moveTo();
  }

  resume(): void {
    this.moveTo();
  }

  setSpeed(): void {
    this.moveTo();
  }

  private anchorAt({ wallTimeMs, marketTimeMs, speed, state }: ClockReading): Anchor {
    const ageMs = this.wallMs() - wallTimeMs;
    return { atMs: this.monotonicMs() - ageMs, marketMs: marketTimeMs, speed, state };
  }
}

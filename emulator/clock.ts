export const ClockState = { Running: 'running', Paused: 'paused', Ended: 'ended' } as const;
export type ClockState = (typeof ClockState)[keyof typeof ClockState];

/** Market milliseconds per wall millisecond, or as fast as the machine allows. */
export type Speed = number | 'max';

/**
 * One reading moves the market by at most this much wall time, so a suspended machine or a stopped process pauses the
 * market instead of making it jump.
 */
const MAX_STRIDE_WALL_MS = 1000;

/** What a venue asks of its clock. */
export interface VenueClock {
  /** Market time in whole milliseconds; never goes back. */
  now(): number;
  moveTo(timeMs: number): void;
  readonly speed: Speed;
  readonly state: ClockState;
  pause(): void;
  resume(): void;
  setSpeed(speed: Speed): void;
}

/** Market time, driven by wall time at some speed. At speed `max` it stands still until it is told where to go. */
export class MarketClock implements VenueClock {
  private positionMs: number;
  private readWallMs: number;
  private paused: boolean;

  constructor(
    private readonly options: {
      readonly positionMs: number;
      /** One past the last market time; `Infinity` for a market without an end. */
      readonly endMs: number;
      readonly speed: Speed;
      readonly paused: boolean;
      /** A monotonic wall clock in milliseconds. */
      readonly wallMs: () => number;
    },
  ) {
    this.positionMs = options.positionMs;
    this.readWallMs = options.wallMs();
    this.paused = options.paused;
    this.rate = options.speed;
  }

  private rate: Speed;

  /** Market time in whole milliseconds; never goes back. */
  now(): number {
    const wallMs = this.options.wallMs();
    const strideMs = Math.min(wallMs - this.readWallMs, MAX_STRIDE_WALL_MS);
    this.readWallMs = wallMs;
    if (!this.paused && this.rate !== 'max') this.moveTo(this.positionMs + strideMs * this.rate);
    return Math.floor(this.positionMs);
  }

  /** Moves market time forward; a time that has passed or lies beyond the market's end is brought inside. */
  moveTo(timeMs: number): void {
    this.positionMs = Math.max(this.positionMs, Math.min(timeMs, this.options.endMs));
  }

  get speed(): Speed {
    return this.rate;
  }

  get state(): ClockState {
    if (this.positionMs >= this.options.endMs) return ClockState.Ended;
    return this.paused ? ClockState.Paused : ClockState.Running;
  }

  pause(): void {
    this.now();
    this.paused = true;
  }

  resume(): void {
    this.now();
    this.paused = false;
  }

  /** @throws RangeError unless the speed is `'max'` or a positive finite number. */
  setSpeed(speed: Speed): void {
    if (speed !== 'max' && !(Number.isFinite(speed) && speed > 0)) {
      throw new RangeError(`speed is ${String(speed)}; it must be a positive number or "max"`);
    }
    this.now();
    this.rate = speed;
  }
}

import type { Mode, Settings } from './schema';
import type { Secret } from './secret';

/** The modes that are built, which are the only ones a loaded configuration can have. */
export type BuiltMode = Exclude<Mode, typeof Mode.Shadow>;

/** Read-only to the last level. */
type Fixed<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined | Secret
    ? T
    : { readonly [K in keyof T]: Fixed<T[K]> };

/**
 * A complete, consistent configuration. Paths are absolute, key files have been read, and everything that follows from
 * `mode` is settled.
 */
export type BallastConfig = Fixed<
  Omit<Settings, 'exchange'> & {
    deployment: string;
    mode: BuiltMode;
    exchange: Settings['exchange'] & {
      /** The venue's own test network instead of its real market. */
      sandbox: boolean;
      /** Whose market time counts: `emulator` may run fast and pause, `wall` is the real one. */
      clock: 'wall' | 'emulator';
    };
  }
>;

/** True when orders go to the emulator. */
export const isEmulated = (config: Pick<BallastConfig, 'exchange'>): boolean =>
  config.exchange.clock === 'emulator';

/** Every pair that a configured strategy trades, sorted. */
export const tradedSymbols = (config: Pick<BallastConfig, 'strategies'>): readonly string[] =>
  [...new Set(config.strategies.flatMap((strategy) => strategy.symbols))].sort();

import { UserError } from '../errors';
import { SignalKind, type Reason, type StrategyView } from '../strategy';
import type { AnySignal, AnyStrategy, PreparedStrategy, StrategyOrigin } from './prepare';

const KINDS: ReadonlySet<unknown> = new Set(Object.values(SignalKind));
const PRICES = ['referencePrice', 'stopPrice', 'targetPrice'] as const;

/**
 * A strategy that somebody else has written: whatever it throws, and whatever it answers that is no signal, becomes an error that
 * names its file, the bar and what to do.
 */
export function guarded(strategy: AnyStrategy, origin: StrategyOrigin): AnyStrategy {
  return {
    ...strategy,
    origin,
    parse: (parameters) => {
      try {
        return guardedDecisions(strategy.parse(parameters), origin);
      } catch (error) {
        if (error instanceof UserError) throw error;
        throw failure(origin, 'cannot be prepared', error);
      }
    },
  };
}

function guardedDecisions(prepared: PreparedStrategy, origin: StrategyOrigin): PreparedStrategy {
  const failed = (view: StrategyView, error: unknown): UserError =>
    failure(origin, `failed on the bar ${barText(view)}`, error);
  return {
    ...prepared,
    version: origin.version,
    onBar: (view) => {
      try {
        return checkedSignal(prepared.onBar(view));
      } catch (error) {
        throw failed(view, error);
      }
    },
    explain: (signal, view) => {
      try {
        return checkedReasons(prepared.explain(signal, view));
      } catch (error) {
        throw failed(view, error);
      }
    },
  };
}

const barText = ({ symbol, timeframe, openTimeMs }: StrategyView): string =>
  `of ${symbol} ${timeframe} that opened at ${Number.isFinite(openTimeMs) ? new Date(openTimeMs).toISOString() : 'no time'}`;

/** What comes from outside is whatever it is. */
function checkedSignal(signal: AnySignal): AnySignal {
  const found = signal as unknown as Readonly<Record<string, unknown>> | null | undefined;
  if (!KINDS.has(found?.kind) || typeof found?.because !== 'function')
    throw new TypeError(
      'onBar has to return a signal: hold(…), exit(…), or an entry as enterWithBracket makes it',
    );
  if (signal.kind !== SignalKind.Enter) return signal;
  const bad = PRICES.find((name) => !(signal[name] > 0 && Number.isFinite(signal[name])));
  if (bad !== undefined) throw new TypeError(`the entry has no price: its ${bad} is ${String(signal[bad])}`);
  const { trailDistance } = signal as { readonly trailDistance: unknown };
  if (trailDistance !== null && !(typeof trailDistance === 'number' && trailDistance > 0))
    throw new TypeError(
      `the trailDistance of the entry is ${JSON.stringify(trailDistance)}; it is a number above zero, or null`,
    );
  return signal;
}

function checkedReasons(reasons: readonly Reason[]): readonly Reason[] {
  const isTold = (reason: unknown): boolean => {
    const { code, text } = { ...(reason as object) } as Readonly<Record<string, unknown>>;
    return typeof code === 'string' && typeof text === 'string';
  };
  const found: unknown = reasons;
  if (Array.isArray(found) && found.every(isTold)) return reasons;
  throw new TypeError('the reasons of a signal are a list of { code, text, values }');
}

const failure = ({ file }: StrategyOrigin, what: string, error: unknown): UserError =>
  new UserError(`${file} ${what}: ${thrownText(file, error)}`, `Correct ${file}.`);

/** What somebody's file has thrown, and in which of its lines. */
export const thrownText = (file: string, error: unknown): string =>
  `${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}${lineOf(file, error)}`;

/** Where in the file it happened. */
function lineOf(file: string, error: unknown): string {
  const base = file.slice(file.lastIndexOf('/') + 1);
  const frame = (error instanceof Error ? (error.stack ?? '') : '')
    .split('\n')
    .find((line) => line.includes(`/${base}:`));
  const line = frame?.slice(frame.lastIndexOf(`/${base}:`) + base.length + 2).split(':')[0];
  return line === undefined ? '' : ` (line ${line})`;
}

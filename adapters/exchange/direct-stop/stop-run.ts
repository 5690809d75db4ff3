import { ExchangeFailure } from '../../../domain/errors';
import { clientOrderIdPrefix, directStopOrderId } from '../../../domain/ids';
import type { ExchangePort } from '../port';
import { isUnlisted } from '../try-each';

export interface DirectStopOptions {
  readonly exchange: ExchangePort;
  readonly account: string;
  readonly deployment: string;
  /** Pairs to look at, besides those of our open orders. */
  readonly symbols: readonly string[];
  readonly sendWindowMs: number;
  readonly recvWindowMs: number;
  /** How long after acceptance the exchange may still not show an order, in wall milliseconds. */
  readonly visibilityLagMs: number;
  /** Told each thing done, for people. */
  readonly report: (line: string) => void;
  /** Wall milliseconds between two passes. */
  readonly pauseMs?: number;
  /** Wall milliseconds after which no other pass begins. */
  readonly limitMs?: number;
}

/** What all pairs of one direct stop share. */
export class StopRun {
  cancelledOrders = 0;
  sells = 0;
  readonly startedAtMs = Date.now();
  readonly prefix: string;
  private wishedPauseMs = 0;
  private sequence = 0;

  constructor(readonly options: DirectStopOptions) {
    this.prefix = clientOrderIdPrefix(options.deployment);
  }

  isOurs = ({ clientOrderId: id }: { readonly clientOrderId: string }): boolean => id.startsWith(this.prefix);

  say(line: string): void {
    this.options.report(line);
  }

  nextId(symbol: string): string {
    const { deployment, account } = this.options;
    const { startedAtMs } = this;
    this.sequence += 1;
    return directStopOrderId({ deployment, account, symbol, startedAtMs, sequence: this.sequence });
  }

  /** For how long the exchange has asked, since this was last called, to be left alone: passes in that time are wasted. */
  takeWishedPauseMs(): number {
    const { wishedPauseMs } = this;
    this.wishedPauseMs = 0;
    return wishedPauseMs;
  }

  /** A failure is told, and tried again by the next pass. @throws what no number of passes cures */
  note(what: string, error: unknown): void {
    if (!(error instanceof ExchangeFailure) || isRefusedKey(error) || isUnlisted(error)) throw error;
    this.wishedPauseMs = Math.max(this.wishedPauseMs, error.detail.retryAfterMs ?? 0);
    this.say(`could not ${what}: ${error.message}`);
  }

  /** The outcome, or undefined after a failure. */
  async attempt<T>(what: string, act: () => Promise<T>): Promise<{ readonly value: T } | undefined> {
    try {
      return { value: await act() };
    } catch (error) {
      this.note(what, error);
      return undefined;
    }
  }
}

const isRefusedKey = ({ detail }: ExchangeFailure): boolean =>
  ['AuthenticationError', 'PermissionDenied', 'AccountSuspended'].includes(detail.errorClass);

/** All of it is carried out before the first failure is told. */
export async function all<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

import { UserError } from '../../domain/errors';

export const MarketDataErrorCode = {
  /** The data folder lacks a file that the asked-for mode needs. */
  MissingData: 'missing-data',
  /** A file is there but breaks a rule of its format; the message names file and line. */
  InvalidData: 'invalid-data',
  /** The options contradict each other or the data. */
  InvalidOptions: 'invalid-options',
} as const;
export type MarketDataErrorCode = (typeof MarketDataErrorCode)[keyof typeof MarketDataErrorCode];

/** A market that cannot be opened. The message names the file or option, `hint` says what to do. */
export class MarketDataError extends UserError {
  constructor(
    readonly code: MarketDataErrorCode,
    message: string,
    hint: string,
  ) {
    super(message, hint);
  }
}

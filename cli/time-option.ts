import { CellError, readTime } from '../backtest/trade-list/columns';
import { UserError } from '../domain/errors';

/** A time given on the command line, in UTC milliseconds. @throws UserError naming the option and what it takes */
export function timeOption(option: string, written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  try {
    return readTime(written);
  } catch (error) {
    if (!(error instanceof CellError)) throw error;
    throw new UserError(`--${option} ${written} cannot be used: ${error.remedy}.`);
  }
}

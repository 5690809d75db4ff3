import { z } from 'zod';
import { decimal } from './decimal';

/** A zod schema which parses a string into a {@link DecimalString}; numbers are refused, as they may already be rounded. */
export const decimalSchema = z.string().transform((value, context) => {
  try {
    return decimal(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as RangeError).message });
    return z.NEVER;
  }
});

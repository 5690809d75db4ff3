import { z } from 'zod';
import { decimal, isNegative, type DecimalString } from '../domain/decimal';
import { Secret } from './secret';

/** Kinds of settings that several parts of the schema have. */

export const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/,
    'must be 1 to 40 letters, digits, ".", "_" or "-", not starting with a sign',
  );
export const path = z.string().min(1, 'must name a file or folder');
export const milliseconds = (minimum: number, maximum: number): z.ZodInt => z.int().min(minimum).max(maximum);
export const url = (protocols: readonly string[]): z.ZodString =>
  z.string().refine(
    (text) => {
      const protocol = URL.parse(text)?.protocol;
      return protocol !== undefined && protocols.includes(protocol);
    },
    `must be a URL beginning with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  );
export const secret = z
  .string()
  .min(1, 'must not be empty')
  .transform((text) => new Secret(text));
/** Amounts may be written as numbers in YAML; they are read as the decimal that was written. */
export const amount = z
  .union([z.string(), z.number()], 'must be a decimal number that is not negative')
  .transform((value, context): DecimalString => {
    try {
      const parsed = decimal(String(value));
      if (!isNegative(parsed)) return parsed;
    } catch {
      // Falls through to the one message for both faults.
    }
    context.addIssue({ code: 'custom', message: 'must be a decimal number that is not negative' });
    return z.NEVER;
  });

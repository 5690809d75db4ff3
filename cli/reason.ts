import { UserError } from '../domain/errors';

/**
 * The words of `--reason`, which is kept with what was done.
 * @param example how the command is given right
 * @throws UserError when they say nothing
 */
export function saidReason(reason: string, example: string): string {
  const text = reason.trim();
  if (text === '') throw new UserError('--reason is empty.', `For example: ${example}`);
  return text;
}

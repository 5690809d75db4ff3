/** What a command's exit code says to programs. docs/cli.md lists them. */
export const ExitCode = {
  Ok: 0,
  /** Something went wrong that is none of the below. */
  Failed: 1,
  /** The command line or the configuration is wrong; nothing has been done. */
  Usage: 2,
  /** PostgreSQL, Temporal or the exchange does not answer. */
  Unavailable: 3,
  /** Understood, and refused because it is not safe or not possible now. */
  Refused: 4,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

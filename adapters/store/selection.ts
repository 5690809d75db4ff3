/** What a list of the journal shows. Every field narrows; without `session` it is the account's current one. */
export interface ListFilter {
  readonly account: string;
  /** Null for all sessions. */
  readonly session?: string | null;
  readonly strategy?: string;
  readonly symbol?: string;
  /** At most this many rows; 50 when left out, never more than 1,000. */
  readonly limit?: number;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000;

export interface Selection {
  /** `WHERE …` with numbered parameters. */
  readonly where: string;
  readonly values: readonly unknown[];
  /** `LIMIT n`. */
  readonly limit: string;
}

/** A condition, with `?` for its value; left out when the value is undefined. */
export type Condition = readonly [sql: string, value: unknown];

/** Combines the conditions of a list with its limit. */
export function select(conditions: readonly Condition[], limit = DEFAULT_LIMIT): Selection {
  const given = conditions.filter(([, value]) => value !== undefined);
  const clauses = given.map(([sql], index) => sql.replace('?', `$${index + 1}`));
  return {
    where: clauses.length === 0 ? '' : `WHERE ${clauses.join(' AND ')}`,
    values: given.map(([, value]) => value),
    limit: `LIMIT ${Math.max(1, Math.min(MAX_LIMIT, Math.trunc(limit)))}`,
  };
}

/** The conditions that most lists share; `table` has columns account, session, strategy and symbol. */
export function sharedConditions(table: string, filter: ListFilter): readonly Condition[] {
  const { account, session, strategy, symbol } = filter;
  return [
    [`${table}.account = ?`, account],
    inSession(table, session),
    [`${table}.strategy = ?`, strategy],
    [`${table}.symbol = ?`, symbol],
  ];
}

/** The account's current session by default. A condition without a value of its own is always true for null. */
export function inSession(table: string, session: string | null | undefined): Condition {
  if (session === null) return [`${table}.session = ?`, undefined];
  const current = `(SELECT session FROM accounts current WHERE current.account = ${table}.account)`;
  return [`${table}.session = coalesce(?, ${current})`, session ?? null];
}

/**
 * The two paths on which a strategy decides. `durable`: a workflow for every bar. `fast`: one long activity that decides as soon as the
 * venue's stream tells that a bar has closed. Both run the same code on the same closed bars.
 */
export const Lane = { Durable: 'durable', Fast: 'fast' } as const;
export type Lane = (typeof Lane)[keyof typeof Lane];

/** Whom an instance of a strategy asks before or while it acts. */
export interface Asking {
  /** The strategy's id. */
  readonly id: string;
  /** The role of the language model that it asks. */
  readonly asksRole?: string;
  /** The model that advises on its positions. */
  readonly adviser?: string;
  /** A panel looks at its entries. */
  readonly hasPanel: boolean;
}

/** Why a strategy cannot decide on the fast lane, and what to do about it; undefined when it can. A lane has no time to ask anybody. */
export function laneProblem({
  id,
  asksRole,
  adviser,
  hasPanel,
}: Asking): { readonly problem: string; readonly todo: string } | undefined {
  if (asksRole !== undefined)
    return {
      problem: `the strategy "${id}" asks a language model, and the fast lane has no time to wait for one`,
      todo: 'Leave lane out: it can decide on the durable path.',
    };
  if (adviser !== undefined)
    return {
      problem: `the model "${adviser}" advises on its positions, which only the durable path waits for`,
      todo: 'Leave either lane or adviser out.',
    };
  if (hasPanel)
    return {
      problem: 'a panel looks at its entries, and the fast lane has no time to wait for one',
      todo: 'Name the strategies that the panel is for in deliberation.strategies, without this one, or leave lane out.',
    };
  return undefined;
}

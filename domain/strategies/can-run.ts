import { UserError } from '../errors';
import type { PreparedStrategy } from './prepare';

/** @throws UserError for a strategy that can only be traded: {@link PreparedStrategy.liveOnly} */
export function refuseUntestable({ id, liveOnly }: Pick<PreparedStrategy, 'id' | 'liveOnly'>): void {
  if (liveOnly === undefined) return;
  throw new UserError(
    `The strategy "${id}" cannot be tested: ${liveOnly}.`,
    'Try it on the simulated market or on paper: docs/agent.md says how.',
  );
}

/**
 * Why a strategy that asks a language model cannot be started, and what to do; undefined when it can, or asks none.
 * @param roles names of models by role
 */
export function modelProblem(
  { id, asksRole }: Pick<PreparedStrategy, 'id' | 'asksRole'>,
  roles: Readonly<Record<string, readonly string[]>>,
  filters: readonly unknown[],
): { readonly problem: string; readonly todo: string } | undefined {
  if (asksRole === undefined) return undefined;
  if (filters.length > 0)
    return {
      problem: `filters judge the signals of coded strategies, and "${id}" gives none`,
      todo: 'Take its filters out: its entries have to pass risk.',
    };
  if ((roles[asksRole] ?? []).length > 0) return undefined;
  return {
    problem: `the strategy "${id}" asks a language model, and none is configured for the role "${asksRole}"`,
    todo: `Name one that can call tools in models.roles.${asksRole}: docs/agent.md says how. The embedded model only scores headlines.`,
  };
}

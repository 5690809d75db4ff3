import type { ModelEntry } from '../llm/managed-model';
import type { ModelManager } from '../llm/manager';
import { createModelScorer, modelScorerName } from './model-scorer';
import type { HeadlineScorer } from './port';
import { vaderScorer } from './vader';

/** Who judges headlines, as it is configured. */
export interface HeadlineJudges {
  /** The role that their models have. */
  readonly role: string;
  readonly roles: Readonly<Record<string, readonly string[]>>;
  readonly models: readonly ModelEntry[];
}

const chainOf = ({ role, roles, models }: HeadlineJudges): readonly ModelEntry[] =>
  (roles[role] ?? []).flatMap((name) => models.filter((model) => model.name === name));

/** What scores are kept under, without loading a model. */
export function headlineScorerName(judges: HeadlineJudges): Promise<string> {
  const chain = chainOf(judges);
  return chain.length === 0 ? Promise.resolve(vaderScorer.name) : modelScorerName(chain);
}

/** The models of the role, the first that answers; VADER when the role has none. */
export function openHeadlineScorer(
  judges: HeadlineJudges,
  manager: Pick<ModelManager, 'ask'>,
): Promise<HeadlineScorer> {
  const chain = chainOf(judges);
  return chain.length === 0
    ? Promise.resolve(vaderScorer)
    : createModelScorer({ manager, role: judges.role, chain });
}

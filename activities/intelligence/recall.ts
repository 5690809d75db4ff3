import {
  mostSimilar,
  MOST_COMPARED,
  type RecalledTrade,
  type Recollection,
} from '../../domain/memory/recall';
import { EMBEDDING_ROLE } from '../../domain/memory/roles';
import { situationText, type Situation } from '../../domain/memory/situation';
import type { IntelligenceDeps } from './deps';

/** What is to be brought to mind. */
export interface RecallQuery {
  readonly account: string;
  readonly session: string;
  readonly situation: Situation;
  /** Market time: nothing that was known only later is told. */
  readonly asOfMs: number;
  /** At most so many trades, and never more than `MOST_RECALLED`. */
  readonly k: number;
  /** Wall milliseconds for the embedding; as configured unless given. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Past trades of the account in situations like this one, the most similar first: of the same session, with an outcome that was known by
 * then, compared by embeddings of exactly one model. No model or no answer is no memory, and says so; only PostgreSQL being away throws.
 */
export async function recall(
  { models, isConfigured, memories }: Pick<IntelligenceDeps, 'models' | 'isConfigured' | 'memories'>,
  { account, session, situation, asOfMs, k, ...options }: RecallQuery,
): Promise<Recollection> {
  const nothing = (why: string, modelIdentity: string | null = null): Recollection => ({
    ...{ trades: [], modelIdentity, nothing: why },
  });
  if (!isConfigured(EMBEDDING_ROLE)) return nothing(`no model is configured for the role ${EMBEDDING_ROLE}`);
  const reply = await models.embed({ role: EMBEDDING_ROLE, texts: [situationText(situation)] }, options);
  if (!reply.answered) return nothing(reply.message);
  const { modelIdentity, vectors } = reply.value;
  const candidates = await memories.comparable({
    ...{ account, session, modelIdentity, asOfMs, limit: MOST_COMPARED },
  });
  const found = mostSimilar(vectors[0] ?? [], candidates, k);
  if (found.length === 0) return nothing('no past trade of this session can be compared', modelIdentity);
  const trades = found.map(({ found: one, similarity }): RecalledTrade => {
    const { positionId, strategy, symbol, outcome, lesson } = one;
    const told = { positionId, strategy, symbol, similarity, outcome, lesson };
    return { ...told, reasons: one.situation.reasons, situation: one.situationText };
  });
  return { trades, modelIdentity, nothing: null };
}

import type { ModelManager } from '../adapters/llm/manager';
import { modelEntries } from '../adapters/llm/open-models';
import * as scorers from '../adapters/news/headline-scorer';
import type { HeadlineScorer } from '../adapters/news/port';
import type { BallastConfig } from '../config/config';
import { HEADLINES_ROLE } from '../config/embedded-model';

type Models = BallastConfig['models'];

const judgesOf = (models: Models): scorers.HeadlineJudges => ({
  role: HEADLINES_ROLE,
  roles: models.roles,
  models: modelEntries(models.available, models),
});

/** Who judges headlines, in the inference process. */
export const openHeadlineScorer = (models: Models, manager: ModelManager): Promise<HeadlineScorer> =>
  scorers.openHeadlineScorer(judgesOf(models), manager);

/** Whose judgements moods are made of: what the worker, which asks no model, has to know of the scorer. */
export const headlineScorerName = (models: Models): Promise<string> =>
  scorers.headlineScorerName(judgesOf(models));

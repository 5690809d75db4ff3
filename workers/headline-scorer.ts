import { vaderScorer } from '../adapters/news/vader';
import type { HeadlineScorer } from '../adapters/news/port';

/** Who judges headlines: the inference process asks it, and the worker knows by its name whose judgements moods are made of. */
export const headlineScorer = (): HeadlineScorer => vaderScorer;

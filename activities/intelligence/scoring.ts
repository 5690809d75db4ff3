import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { ModelFailure } from '../../adapters/llm/failure';
import type { HeadlineScorer } from '../../adapters/news/port';
import type { MoodSettings } from '../../domain/news/mood';
import { newsTime } from '../news-time';
import type { IntelligenceDeps } from './deps';

/** Headlines that the scorer is given at once; when the process dies, the answers to these are lost and no others. */
const PART = 20;
/** Stories that one round asks about at most. */
const MOST = 100;
/** After which no further part is begun: a round usually waits for a minute. */
const ENOUGH_MS = 25_000;

type ScoringDeps = Pick<IntelligenceDeps, 'scorer' | 'news' | 'clock' | 'market' | 'wallTimeMs'>;

export const createScoringActivities = ({ scorer, news, clock, market, wallTimeMs }: ScoringDeps) => ({
  /**
   * Has the newest stories judged that have not been, part by part, each written before the next is asked about: a story is judged once by
   * a scorer, whoever dies. What there is no time for is left to the next round. @returns how many got an answer
   * @throws ApplicationFailure when the scorer cannot be asked; what was judged before is kept
   */
  async scoreNews({ maxAgeMs }: Pick<MoodSettings, 'maxAgeMs'>): Promise<number> {
    const { cancellationSignal } = Context.current();
    const startedMs = wallTimeMs();
    const { origin, nowMs } = await newsTime(clock, market);
    const range = { sinceMs: nowMs - maxAgeMs, limit: MOST };
    const stories = await news.unscored(origin, scorer.name, range);
    let answered = 0;
    for (let at = 0; at < stories.length && wallTimeMs() - startedMs < ENOUGH_MS; at += PART) {
      const part = stories.slice(at, at + PART);
      const titles = part.map(({ title }) => title);
      const answers = await ask(cancellationSignal, (signal) => scorer.score(titles, signal));
      // Those that nobody could be asked about are asked about again.
      const scores = part.flatMap(({ storyId }, index) => {
        const score = answers[index];
        return score === undefined ? [] : [{ storyId, score }];
      });
      // Known now that there are answers, not when they were asked for.
      await news.addScores(scorer.name, Math.max(nowMs, Math.floor(await clock.nowMs())), scores);
      answered += scores.filter(({ score }) => score !== null).length;
    }
    return answered;
  },
});

type Answers = Awaited<ReturnType<HeadlineScorer['score']>>;

/** The manager has tried all that is worth trying: asking once more at once would only cost more. A process that ends is another matter. */
async function ask(
  signal: AbortSignal,
  scoring: (signal: AbortSignal) => Promise<Answers>,
): Promise<Answers> {
  try {
    return await scoring(signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ModelFailure)) throw error;
    throw ApplicationFailure.nonRetryable(error.message, `Model/${error.kind}`);
  }
}

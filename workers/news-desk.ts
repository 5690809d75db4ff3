import type { Pool } from 'pg';
import type { NewsDesk } from '../activities/news';
import { createDerivatives } from '../adapters/exchange/derivatives';
import { fearGreedGauge } from '../adapters/news/fear-greed';
import { feedSource } from '../adapters/news/feed-source';
import type { Gauge, NewsSource } from '../adapters/news/port';
import { redditSource } from '../adapters/news/reddit';
import { xSource } from '../adapters/news/x';
import { createNewsStore } from '../adapters/store/stories';
import type { BallastConfig } from '../config/config';
import { newsPlan } from '../config/news-plan';

/** Who is asked for news, and what is done with their answers. Nothing is asked before a round. */
export function openNewsDesk(
  config: BallastConfig,
  pool: Pool,
  scorer: NewsDesk['scorer'],
): { readonly desk: NewsDesk; readonly close: () => Promise<void> } {
  const { news } = config;
  const { timeoutMs } = news;
  const plan = newsPlan(config);
  const feeds = plan.feeds.map((feed) => feedSource({ ...feed, timeoutMs }));
  const isWorld = plan.of === 'world';
  const { gauges, close } = isWorld ? openGauges(config) : { gauges: [], close: () => Promise.resolve() };
  const desk: NewsDesk = {
    sources: [...feeds, ...(isWorld ? socialSources(news) : [])],
    scorer,
    store: createNewsStore(pool),
    market: plan.of === 'demonstration' ? 'made-up' : 'real',
    gauges,
  };
  return { desk, close };
}

const wallTimeMs = (): number => Date.now();

/** Those whose keys are given. */
function socialSources({
  reddit,
  redditClientId,
  redditClientSecret,
  x,
  xBearerToken,
  timeoutMs,
}: BallastConfig['news']): readonly NewsSource[] {
  const sources: NewsSource[] = [];
  if (redditClientId !== undefined && redditClientSecret !== undefined)
    sources.push(
      redditSource({
        ...{ name: 'reddit', ...reddit, timeoutMs, wallTimeMs },
        clientId: redditClientId.reveal(),
        clientSecret: redditClientSecret.reveal(),
      }),
    );
  if (xBearerToken !== undefined)
    sources.push(xSource({ name: 'x', ...x, timeoutMs, wallTimeMs, bearerToken: xBearerToken.reveal() }));
  return sources;
}

function openGauges({ news, exchange }: BallastConfig): {
  readonly gauges: readonly Gauge[];
  readonly close: () => Promise<void>;
} {
  const { fearGreed, funding, longShort, futuresUrl } = news.gauges;
  const { timeoutMs } = news;
  const derivatives = createDerivatives({
    venue: exchange.venue,
    weights: { funding: funding.weight, longShort: longShort.weight },
    timeoutMs,
    restUrl: futuresUrl,
  });
  const gauges = [
    ...(fearGreed.enabled ? [fearGreedGauge({ ...fearGreed, timeoutMs, wallTimeMs })] : []),
    ...(funding.enabled ? [derivatives.funding] : []),
    ...(longShort.enabled ? [derivatives.longShort] : []),
  ];
  return { gauges, close: () => derivatives.close() };
}

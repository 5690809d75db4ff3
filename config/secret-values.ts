import type { BallastConfig } from './config';

type SecretHolders = Pick<BallastConfig, 'exchange' | 'temporal' | 'postgres' | 'models' | 'news'>;

/** Shorter values would match by accident, and protect nothing. */
const SHORTEST = 6;

/** Every secret value of a configuration, the password inside the database URL included, longest first. */
export function secretValues({
  exchange,
  temporal,
  postgres,
  models,
  news,
}: SecretHolders): readonly string[] {
  const url = postgres.url?.reveal();
  const password = url === undefined ? undefined : URL.parse(url)?.password;
  const values = [
    exchange.apiKey?.reveal(),
    exchange.secret?.reveal(),
    temporal.apiKey?.reveal(),
    models.openaiApiKey?.reveal(),
    models.anthropicApiKey?.reveal(),
    models.compatibleApiKey?.reveal(),
    news.redditClientId?.reveal(),
    news.redditClientSecret?.reveal(),
    news.xBearerToken?.reveal(),
    url,
    password,
  ];
  return values
    .filter((value): value is string => value !== undefined && value.length >= SHORTEST)
    .sort((a, b) => b.length - a.length);
}

/** Replaces every secret of `config` in a text which is about to leave the process. */
export function createScrubber(config: SecretHolders): (text: string) => string {
  const values = secretValues(config);
  return (text) => values.reduce((clean, value) => clean.replaceAll(value, '[secret]'), text);
}

/** Where a secret comes from: a variable, or the file named by the setting `<path>File`. */
interface SecretSource {
  readonly path: string;
  readonly variable: string;
}

/** The settings that are secrets. Configuration files may only point to them. */
export const SECRETS: readonly SecretSource[] = [
  { path: 'exchange.apiKey', variable: 'BALLAST_EXCHANGE_API_KEY' },
  { path: 'exchange.secret', variable: 'BALLAST_EXCHANGE_SECRET' },
  { path: 'temporal.apiKey', variable: 'BALLAST_TEMPORAL_API_KEY' },
  { path: 'postgres.url', variable: 'BALLAST_POSTGRES_URL' },
  { path: 'models.openaiApiKey', variable: 'BALLAST_OPENAI_API_KEY' },
  { path: 'models.anthropicApiKey', variable: 'BALLAST_ANTHROPIC_API_KEY' },
  { path: 'models.compatibleApiKey', variable: 'BALLAST_COMPATIBLE_API_KEY' },
  { path: 'news.redditClientId', variable: 'BALLAST_REDDIT_CLIENT_ID' },
  { path: 'news.redditClientSecret', variable: 'BALLAST_REDDIT_CLIENT_SECRET' },
  { path: 'news.xBearerToken', variable: 'BALLAST_X_BEARER_TOKEN' },
];

export const isSecretPath = (path: string): boolean => SECRETS.some((secret) => secret.path === path);

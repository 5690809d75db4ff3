import { pino, stdSerializers, type DestinationStream, type Logger } from 'pino';
import type { BallastConfig } from '../config/config';
import { createScrubber } from '../config/secret-values';

/** Names under which a secret may be logged, whatever its value. */
const SECRET_NAMES = ['apiKey', 'secret', 'signature', 'password', 'authorization', 'X-MBX-APIKEY'] as const;

const redactedPaths = SECRET_NAMES.flatMap((name) => {
  const last = `["${name}"]`;
  return [last, `*${last}`, `*.*${last}`, `*.*.*${last}`];
});

/**
 * A JSON logger that cannot tell a secret: fields with a secret's name are redacted, and the values of this
 * configuration's secrets are replaced wherever in a line they turn up, messages and stack traces included.
 */
export function createLogger(
  config: Pick<BallastConfig, 'log' | 'exchange' | 'temporal' | 'postgres' | 'models' | 'news'>,
  component: string,
  destination: DestinationStream = pino.destination({ fd: 1, sync: true }),
): Logger {
  return pino(
    {
      name: component,
      level: config.log.level,
      // An error told as it is would be an empty object: nothing of it is enumerable.
      serializers: { error: stdSerializers.err },
      redact: { paths: redactedPaths, censor: '[secret]' },
      hooks: { streamWrite: createScrubber(config) },
    },
    destination,
  );
}

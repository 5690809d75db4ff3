import type { ActivityInterceptorsFactory } from '@temporalio/worker';

const HEARTBEAT_MS = 1_000;

/**
 * Heartbeats for every activity whose options ask for them, from its start to its end: that is how Temporal learns
 * within seconds that a worker has died, instead of when the activity's time is up.
 */
export const heartbeats: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    async execute(input, next) {
      if (context.info.heartbeatTimeoutMs === undefined) return next(input);
      const timer = setInterval(() => {
        context.heartbeat();
      }, HEARTBEAT_MS);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  },
});

import { Context } from '@temporalio/activity';
import { NEWS_ORIGIN } from '../adapters/history/origins';
import { gaugeKey, gaugeRows } from '../adapters/history/rows';
import type { Gauge, GaugeReading } from '../adapters/news/port';
import { GAUGE_RULES } from '../domain/news/gauges';
import type { MoodGauge } from '../domain/news/mood';
import { windowOf } from '../domain/observations';
import type { ActivityDeps } from './deps';

export interface ObservedGauges {
  /** Numbers that were not known before, or not so. */
  readonly written: number;
  /** Why a gauge could not be read; null when it answered. */
  readonly sources: readonly { readonly name: string; readonly error: string | null }[];
}

type GaugeDeps = Pick<ActivityDeps, 'news' | 'clock' | 'history'>;

/** Numbers of the real world's market, written as they become known. Every write can be repeated. */
export function createGaugeActivities({ news, clock, history }: GaugeDeps) {
  const { gauges, store } = news;

  async function observe(gauge: Gauge, assets: readonly string[]) {
    const { name } = gauge;
    try {
      const readings = await gauge.read(assets, Context.current().cancellationSignal);
      // Known now that it has been told, not when it was asked for.
      const nowMs = Math.floor(await clock.nowMs());
      let written = 0;
      for (const [subject, told] of bySubject(readings, nowMs)) {
        const { inserted, changed } = await history.write(
          gaugeKey(gauge.kind, subject, gauge.origin),
          gaugeRows(told, nowMs),
        );
        written += inserted + changed;
      }
      await store.recordAnswer(NEWS_ORIGIN, name, nowMs, null);
      return { name, error: null, written };
    } catch (error) {
      Context.current().cancellationSignal.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      await store.recordFailure(NEWS_ORIGIN, name, Math.floor(await clock.nowMs()), message);
      return { name, error: message, written: 0 };
    }
  }

  return {
    /** Reads every gauge. One that fails is noted, and missing. */
    async observeGauges({ assets }: { readonly assets: readonly string[] }): Promise<ObservedGauges> {
      const read = await Promise.all(gauges.map((gauge) => observe(gauge, assets)));
      return {
        written: read.reduce((sum, { written }) => sum + written, 0),
        sources: read.map(({ name, error }) => ({ name, error })),
      };
    },
  };
}

export type GaugeActivities = ReturnType<typeof createGaugeActivities>;

/** What is about a time to come is not taken; of two about the same time the later one counts. */
function bySubject(
  readings: readonly GaugeReading[],
  nowMs: number,
): ReadonlyMap<string, readonly GaugeReading[]> {
  const subjects = new Map<string, Map<number, GaugeReading>>();
  for (const reading of readings) {
    if (reading.timeMs > nowMs) continue;
    const told = subjects.get(reading.subject) ?? new Map<number, GaugeReading>();
    subjects.set(reading.subject, told.set(reading.timeMs, reading));
  }
  return new Map([...subjects].map(([subject, told]) => [subject, [...told.values()]]));
}

/** What the gauges say about an asset by what was known at `nowMs`. @param answered names of the sources that answered last time */
export async function gaugeOpinions(
  gauges: readonly Gauge[],
  history: GaugeDeps['history'],
  asset: string,
  { nowMs, answered }: { readonly nowMs: number; readonly answered: ReadonlySet<string> },
): Promise<readonly MoodGauge[]> {
  return Promise.all(
    gauges.map(async (gauge): Promise<MoodGauge> => {
      const { name, weight, kind, origin } = gauge;
      const { opinionOf, maxAgeMs } = GAUGE_RULES[kind];
      const known = await history.observations({
        ...{ kind, subject: gauge.subjectOf(asset), origins: [origin] },
        ...windowOf({ maxAgeMs }, nowMs, nowMs),
      });
      const timeMs = known.timeMs.at(-1);
      const value = Object.values(known.outputs)[0]?.at(-1);
      const isNow = timeMs !== undefined && value !== undefined && nowMs - timeMs <= maxAgeMs;
      return {
        ...{ name, weight, answered: answered.has(name) },
        told: isNow ? { opinion: opinionOf(value), timeMs } : null,
      };
    }),
  );
}

import { createModelManager } from '../../adapters/llm/manager';
import { createMemoryCallLog } from '../../adapters/llm/memory-call-log';
import { modelEntries } from '../../adapters/llm/open-models';
import { createModelScorer } from '../../adapters/news/model-scorer';
import { HEADLINES_ROLE, withEmbeddedModel } from '../../config/embedded-model';
import { modelsSchema } from '../../config/models-schema';
import { decimal } from '../../domain/decimal';
import type { BenchEntry } from '../entry';
import type { NamedMeasurement } from '../measurement';
import { interleave, median, ratio } from '../statistics';

const HEADLINES = 20;
const PAIRS = 15;
const WARM_UP = 3;

/** Twenty headlines that are judged in one batch by the embedded model, and one at a time. */
export const headlineBatch: BenchEntry = { name: 'headlineBatch', measure };

interface Cost {
  readonly ms: number;
  readonly processorMs: number;
}

async function measure(): Promise<readonly NamedMeasurement[]> {
  const models = withEmbeddedModel(modelsSchema.parse({}));
  const entries = modelEntries(models.available, models);
  const manager = createModelManager({
    ...{ models: entries, roles: models.roles, log: createMemoryCallLog(), deadlineMs: 60_000 },
    ...{ monthlyBudgetUsd: decimal('0'), cacheTtlMs: 0, replay: 'off', nowMs: () => Date.now() },
  });
  const scorer = await createModelScorer({ manager, role: HEADLINES_ROLE, chain: entries });
  const { signal } = new AbortController();
  const score = async (headlines: readonly string[]): Promise<void> => {
    const scores = await scorer.score(headlines, signal);
    if (scores.includes(null)) throw new Error('A headline has no score.');
  };
  let next = 0;
  // New ones each time, or a sequence would still know the last.
  const headlines = (): readonly string[] => Array.from({ length: HEADLINES }, () => headline(next++));
  const costs = { subject: [] as Cost[], baseline: [] as Cost[] };
  const run = async (kind: 'subject' | 'baseline', work: () => Promise<void>): Promise<number> => {
    const before = process.cpuUsage();
    const startedMs = performance.now();
    await work();
    const ms = performance.now() - startedMs;
    const { user, system } = process.cpuUsage(before);
    costs[kind].push({ ms, processorMs: (user + system) / 1_000 });
    return ms;
  };
  try {
    const { subject, baseline } = await interleave({
      subject: () => run('subject', () => score(headlines())),
      baseline: () =>
        run('baseline', async () => {
          for (const one of headlines()) await score([one]);
        }),
      ...{ pairs: PAIRS, warmUp: WARM_UP },
    });
    const least = (kind: 'subject' | 'baseline'): number =>
      Math.min(...costs[kind].slice(WARM_UP).map(({ processorMs }) => processorMs));
    const what = `${HEADLINES} headlines, new ones each time, to a label and a number each: through the manager (log in memory), node-llama-cpp and its grammar, by the embedded model with one thread and ${models.available[0]?.local.sequences ?? 0} sequences`;
    return [
      {
        ...{ name: 'headlineBatch', value: median(subject), unit: 'ms', baseline: median(baseline) },
        ratio: ratio(median(subject), median(baseline)),
        goal: { of: 'value', atMost: 150 },
        how: `median of ${PAIRS} batches of ${what}, against as many one at a time, in turn`,
      },
      {
        ...{
          name: 'headlineBatchProcessor',
          value: least('subject'),
          unit: 'ms',
          baseline: least('baseline'),
        },
        ratio: ratio(least('subject'), least('baseline')),
        goal: { of: 'ratio', atMost: 1 },
        how: 'processor time of the same, the least of either: what other work on the machine adds nothing to',
      },
    ];
  } finally {
    await manager.close();
  }
}

const NAMES = ['Bitcoin', 'Ether', 'Solana', 'XRP', 'Cardano', 'Litecoin', 'Dogecoin', 'Polkadot', 'Tron'];
const EVENTS = [
  'rises 5% after strong inflows to funds',
  'falls below key support as miners sell',
  'holders await the outcome of a court case in New York',
  'is now accepted by a large chain of stores',
  'wallets drained through an exploit of a bridge',
  'conference to be held in Lisbon next May',
  'developers publish the schedule of the next upgrade',
];

function headline(index: number): string {
  const name = NAMES[index % NAMES.length] ?? '';
  const event = EVENTS[index % EVENTS.length] ?? '';
  return `${name} ${event}, report ${index} says`;
}

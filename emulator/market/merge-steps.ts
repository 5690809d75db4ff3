import type { MarketStep } from './source';

/** Merges each symbol's steps into one sequence in time order; at the same time, in the order of the symbols. Lazy. */
export function* mergeSteps(sequences: readonly Iterable<MarketStep>[]): Generator<MarketStep> {
  const heads = sequences.map((sequence) => {
    const iterator = sequence[Symbol.iterator]();
    return { iterator, next: iterator.next() };
  });
  for (;;) {
    let earliest: { head: (typeof heads)[number]; step: MarketStep } | undefined;
    for (const head of heads) {
      if (head.next.done) continue;
      const step = head.next.value;
      if (!earliest || step.timeMs < earliest.step.timeMs) earliest = { head, step };
    }
    if (!earliest) return;
    yield earliest.step;
    earliest.head.next = earliest.head.iterator.next();
  }
}

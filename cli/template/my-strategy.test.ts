import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barsFromCloses, decisionsOn } from 'ballast/strategy/testing';
import { strategy } from './my-strategy.ts';

/** A market that rises for 1,200 bars, dips for 4, rises again for 60 and falls for 200. */
const closes = [
  ...Array.from({ length: 1200 }, (_, index) => 100 + index * 0.1),
  ...Array.from({ length: 4 }, (_, index) => 219.4 - index * 0.5),
  ...Array.from({ length: 60 }, (_, index) => 218.3 + index * 0.4),
  ...Array.from({ length: 200 }, (_, index) => 241 - index * 0.6),
];
const bars = barsFromCloses(closes);

test('buys once when the dip is over, with its stop below and its target above', () => {
  const entries = decisionsOn(strategy, bars).filter(({ kind }) => kind === 'enter');
  assert.equal(entries.length, 1);
  const [entry] = entries;
  assert.ok(entry?.kind === 'enter' && entry.index > 1200 && entry.index < 1220);
  assert.ok(entry.stopPrice < entry.referencePrice && entry.referencePrice < entry.targetPrice);
});

test('leaves when the market falls below the slow average, and says why', () => {
  const left = decisionsOn(strategy, bars).find(({ kind }) => kind === 'exit');
  assert.ok(left !== undefined && left.index > 1264);
  assert.equal(left.reasons[0]?.code, 'below-slow');
});

test('decides the same whatever comes later', () => {
  const whole = decisionsOn(strategy, bars);
  const known = decisionsOn(strategy, barsFromCloses(closes.slice(0, 1230)));
  assert.deepEqual(whole.slice(0, known.length), known);
});

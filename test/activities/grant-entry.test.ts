import { grantEntry } from '../../activities/grant-entry';
import { DecisionOutcome } from '../../adapters/store/port';
import { positionId } from '../../domain/ids';
import { riskLimitsSchema } from '../../domain/risk';
import { BTC, d } from '../domain/fixtures';
import { ACCOUNT, createBench, START_MS, STRATEGY, type Bench } from './bench';

const BAR = { account: ACCOUNT, session: 's1', strategy: STRATEGY, symbol: BTC.symbol, barCloseMs: START_MS };
const LANE = { account: ACCOUNT, strategy: STRATEGY, entriesPaused: false, reason: 'test' };
const WHY = [{ code: 'crossed-above', text: 'It turned up' }];

describe('an entry that a fast lane asks for', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = createBench();
    bench.exchange.foreign = { ...bench.exchange.foreign, quote: d('10000') };
    await bench.store.openAccount(ACCOUNT, 's1');
    await bench.store.recordDecision({
      ...{ ...BAR, outcome: DecisionOutcome.Enter, reasons: WHY, close: d('100'), positionId: null },
    });
  });

  const ask = (generation?: number) =>
    grantEntry(bench.deps, {
      ...{ account: ACCOUNT, session: 's1', strategy: STRATEGY, timeframe: '1m', barCloseMs: START_MS },
      ...{ entryTtlBars: 1, limits: riskLimitsSchema.parse({}), reasons: WHY },
      ...(generation !== undefined && { lane: { generation } }),
      proposal: {
        ...{ symbol: BTC.symbol, referencePrice: d('100'), stopPrice: d('95'), targetPrice: d('120') },
        trailDistance: null,
      },
    });

  it('is granted to the current one', async () => {
    const id = positionId(BAR);
    expect(await ask(await bench.store.openLane(LANE))).toMatchObject({ granted: true, positionId: id });
    expect(await bench.store.decision(BAR)).toMatchObject({ outcome: 'enter', positionId: id });
  });

  it('is not what a lane before it makes of the bar: it is refused and journals nothing', async () => {
    const first = await bench.store.openLane(LANE);
    const second = await bench.store.openLane(LANE);
    const before = await bench.store.decision(BAR);
    expect(await ask(first)).toMatchObject({ granted: false, code: 'lane-superseded' });
    expect(await bench.store.decision(BAR)).toEqual(before);
    // So the bar is still to be decided on, and is.
    expect(await bench.store.lastDecided(ACCOUNT, 's1', STRATEGY)).toEqual([]);
    expect(await ask(second)).toMatchObject({ granted: true });
    const granted = await bench.store.decision(BAR);
    expect(await bench.store.lastDecided(ACCOUNT, 's1', STRATEGY)).toEqual([
      { symbol: BTC.symbol, barCloseMs: START_MS },
    ]);
    // Asked again by the one that has been replaced: it is that grant, and the journal says the same.
    expect(await ask(first)).toMatchObject({ granted: true });
    expect(await bench.store.decision(BAR)).toEqual(granted);
  });

  it('is refused while entries are paused, which is journaled', async () => {
    const generation = await bench.store.openLane({ ...LANE, entriesPaused: true });
    expect(await ask(generation)).toMatchObject({ granted: false, code: 'paused' });
    const decision = await bench.store.decision(BAR);
    expect(decision).toMatchObject({ outcome: 'refused', positionId: null });
    expect(decision?.reasons.at(-1)).toEqual({
      code: 'paused',
      text: `Refused: Entries of ${STRATEGY} are paused (test).`,
    });
  });

  it('is an ordinary one when no lane asks', async () => {
    await bench.store.openLane({ ...LANE, entriesPaused: true });
    expect(await ask()).toMatchObject({ granted: true });
  });
});

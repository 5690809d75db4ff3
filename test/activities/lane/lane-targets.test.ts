import { LaneTargets } from '../../../activities/lane/lane-targets';
import { ACCOUNT, createBench, grantOf, START_MS, STRATEGY } from '../bench';

it('watches what the newest look at the journal has found, whichever answers last', async () => {
  const { deps, store, time } = createBench();
  const position = { ...grantOf(), positionId: 'p1' };
  const [early, late] = [Promise.withResolvers<readonly never[]>(), Promise.withResolvers<unknown>()];
  const live = jest
    .spyOn(store, 'livePositions')
    .mockReturnValueOnce(early.promise)
    .mockReturnValueOnce(late.promise as ReturnType<typeof store.livePositions>);
  const looked = jest.spyOn(store, 'position').mockResolvedValue(undefined);
  const targets = new LaneTargets(deps, { account: ACCOUNT, strategy: STRATEGY }, () => Promise.resolve());
  const refreshes = [targets.refresh(), targets.refresh()];
  late.resolve([position]);
  early.resolve([]);
  await Promise.all(refreshes);
  expect(live).toHaveBeenCalledTimes(2);
  time.nowMs += 1_000;
  targets.see({ kind: 'trade', symbol: position.symbol, price: 130, marketTimeMs: START_MS + 1_000 });
  await targets.done();
  expect(looked).toHaveBeenCalledWith('p1');
});

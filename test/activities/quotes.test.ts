import { chooseStrategy } from '../../activities/chosen-strategy';
import { columnsOf } from '../../domain/bar-columns';
import { nothingObserved } from '../../domain/observations';
import { BUILT_IN_CATALOGUE } from '../../domain/strategies/catalogue';
import { barsOf, walk } from '../domain/fixtures';

const OWN = { symbol: 'BTC/USDT', timeframe: '1m' } as const;
const bars = columnsOf(barsOf(walk(1, 600)));

test.each([null, 'long'] as const)(
  'a strategy that quotes decides nothing live, whatever let it in, and its position stays managed (holding %j)',
  (position) => {
    const choice = { strategyId: 'market-maker', parameters: {} };
    const { needs, decide } = chooseStrategy(BUILT_IN_CATALOGUE, choice, OWN);
    expect(needs).toEqual([{ ...OWN, bars: 500 }]);
    const { decision, failure } = decide(() => bars, position, nothingObserved);
    expect(decision.kind).toBe('hold');
    expect(failure).toMatchObject({ code: 'quotes-not-traded' });
    expect(failure?.text).toMatch(/^No decision: the strategy "market-maker" quotes prices of its own/);
  },
);

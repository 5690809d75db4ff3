import { createMemoryCallLog } from '../../adapters/llm/memory-call-log';
import { ToolName } from '../../domain/agent/tool-names';
import { BTC } from '../domain/fixtures';
import { agentWorld, type AgentWorld } from './desk';
import { scriptedModels, type ScriptedModels } from './scripted-model';

/** What else projects suffer in which a model trades; the others are in test/workflows/peer-failures. */
describe('projects in which a model trades', () => {
  /** Says something else every time it is asked. */
  function capricious(change: Parameters<typeof scriptedModels>[1]): ScriptedModels {
    return scriptedModels((_, turn) => {
      if (turn > 0) return 'done';
      opinions += 1;
      const order = {
        side: 'buy',
        stop_price: 95 + opinions / 10,
        take_profit_price: 120,
        size_fraction: null,
      };
      return [{ tool: ToolName.MarketOrder, arguments: { symbol: BTC.symbol, ...order, reason: 'a whim' } }];
    }, change);
  }
  let opinions = 0;

  async function run(change: Parameters<typeof scriptedModels>[1]): Promise<AgentWorld> {
    const world = await agentWorld();
    expect(await world.decide(capricious(change))).toBe('done');
    return world;
  }
  const outcome = ({ agent, store }: AgentWorld) => ({
    ...agent.all(),
    positions: store.orders.positions('main'),
  });

  it('results that cannot be reproduced: a run made again from its record asks nobody and comes to the same', async () => {
    const log = createMemoryCallLog();
    const first = outcome(await run({ log }));
    expect(first.positions).toMatchObject([{ stopPrice: '95.1' }]);
    expect(outcome(await run({ log, replay: 'refuse' }))).toEqual(first);
    expect(opinions).toBe(1);
    // Without the record it comes to something else: the model is of another opinion by now.
    expect(outcome(await run({})).positions).toMatchObject([{ stopPrice: '95.2' }]);
    // And what was never recorded is refused, not made up.
    const nothing = { log: createMemoryCallLog(), replay: 'refuse' } as const;
    await expect(run(nothing)).rejects.toThrow(/The replay lacks an answer of agent/);
    expect(opinions).toBe(2);
  });
});

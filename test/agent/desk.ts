import { createAgentDesk, type AgentToolInput, type AgentToolResult } from '../../activities/agent-desk';
import { createAgentActivities } from '../../activities/intelligence/agent';
import { createRiskActivities } from '../../activities/risk';
import { stepOf, TOOL_NAMES, type ToolName } from '../../domain/agent/tool-names';
import type { AgentCall } from '../../domain/agent/record';
import { riskLimitsSchema } from '../../domain/risk';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createBench, START_MS, type Bench } from '../activities/bench';
import { BTC, d } from '../domain/fixtures';
import type { ScriptedModels } from './scripted-model';

export const AGENT = 'mind';
export const LIMITS = riskLimitsSchema.parse({});
export const KEY = { account: 'main', session: 's1', strategy: AGENT, barCloseMs: START_MS } as const;

const inActivity = <Result>(work: () => Promise<Result>): Promise<Result> =>
  new MockActivityEnvironment().run(work);

/** An agent's tools over a journal and an exchange in memory, as its workflow uses them. */
export interface AgentWorld extends Bench {
  /** Runs one call as a turn of its own and, where it proposes, asks risk. */
  readonly call: (turn: number, call: AgentCall, tools?: readonly ToolName[]) => Promise<AgentToolResult>;
  /** One whole decision of a model, as `workflows/agent-turns.ts` runs it, without time. */
  readonly decide: (scripted: ScriptedModels, tools?: readonly ToolName[]) => Promise<string>;
  readonly proposed: string[];
}

export async function agentWorld(): Promise<AgentWorld> {
  const bench = createBench();
  await bench.store.openAccount(KEY.account, KEY.session);
  const desk = createAgentDesk(bench.deps);
  const risk = createRiskActivities(bench.deps);
  const proposed: string[] = [];
  const rules = { symbols: [BTC.symbol], timeframe: '1m', limits: LIMITS, entryTtlBars: 5 } as const;

  async function run(input: AgentToolInput): Promise<AgentToolResult> {
    const result = await desk.runAgentTool(input);
    if (result.kind === 'over') return result;
    const { proposal, limits, text, instead } = result;
    proposed.push(proposal.symbol);
    if (instead !== null) return result;
    const grant = await risk.sizePosition({ ...KEY, ...rules, limits, proposal, reasons: [] });
    const positionId = grant.granted ? grant.positionId : null;
    const answer = grant.granted ? grant.quantity : `${grant.code}: ${grant.message}`;
    const { turn, step, call } = input;
    await desk.recordProposal({
      key: KEY,
      turn,
      step,
      call,
      symbol: proposal.symbol,
      text,
      positionId,
      answer,
    });
    return result;
  }

  const call: AgentWorld['call'] = (turn, asked, tools = TOOL_NAMES) =>
    run({
      ...{ key: KEY, turn, step: stepOf(turn, 0), call: asked, tools, ...rules },
      ...{ barred: {}, proposed: [...proposed], untilMs: Infinity },
    });

  async function decide(
    { models }: ScriptedModels,
    tools: readonly ToolName[] = TOOL_NAMES,
  ): Promise<string> {
    const { askAgent } = createAgentActivities({ models, agent: bench.agent });
    for (let turn = 0; turn < 8; turn += 1) {
      const asked = { key: KEY, turn, tools, symbols: rules.symbols, timeframe: rules.timeframe };
      const more = { mandate: 'trade', situation: '', maxTokens: 1_000_000, deadlineMs: 5_000 };
      const answer = await inActivity(() => askAgent({ ...asked, ...more }));
      if (answer.end !== null) return answer.end;
      for (const one of answer.calls) await call(turn, one, tools);
    }
    return 'turns';
  }

  return { ...bench, call, decide, proposed };
}

/** A position of somebody's: of 1 BTC bought at 100 with its stop at 90, or with its entry resting. */
export function holdPosition(
  { store }: AgentWorld,
  strategy: string,
  { filled = true, barsAgo = 1 }: { readonly filled?: boolean; readonly barsAgo?: number } = {},
): string {
  const barCloseMs = START_MS - barsAgo * 60_000;
  const positionId = `position/main/s1/${strategy}/BTC-USDT/${barCloseMs}`;
  store.orders.open({
    ...{
      deployment: 'test',
      account: 'main',
      session: 's1',
      strategy,
      symbol: BTC.symbol,
      positionId,
      barCloseMs,
    },
    ...{ timeframe: '1m', epoch: 0, quantity: d('1'), limitPrice: d('100'), stopPrice: d('90') },
    ...{
      targetPrice: d('130'),
      trailDistance: null,
      reservedQuote: d('100.1'),
      expiresAtMs: START_MS + 600_000,
    },
    ...{ exitReason: null, grantedAtMs: barCloseMs, openedAtMs: null, closedAtMs: null, instrument: BTC },
  });
  const entry = store.orders.known(positionId).orders.find(({ leg }) => leg === 'entry');
  if (entry === undefined) throw new Error('no entry');
  if (filled)
    store.orders.fill({
      ...{ symbol: BTC.symbol, tradeId: `of ${positionId}`, clientOrderId: entry.clientOrderId },
      ...{ exchangeOrderId: '1', side: 'buy', price: d('100'), quantity: d('1'), fee: d('0.1') },
      ...{ feeAsset: 'USDT', liquidity: 'taker', marketTimeMs: barCloseMs },
    });
  else store.orders.note({ clientOrderId: entry.clientOrderId, event: 'seen-open', exchangeOrderId: '1' });
  return positionId;
}

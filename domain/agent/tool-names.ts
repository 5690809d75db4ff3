/** The tools of the agent, and how much of them one decision may use. Workflows read this, so nothing here needs a library. */

/** The id of the strategy that is the agent. */
export const AGENT_ID = 'agent';

export const ToolName = {
  Price: 'get_current_price',
  Book: 'get_orderbook',
  Trades: 'get_recent_trades',
  Indicators: 'calculate_indicators',
  Sentiment: 'get_market_sentiment',
  Positions: 'get_positions',
  Balance: 'get_balance',
  Size: 'calculate_position_size',
  Pnl: 'get_pnl_summary',
  MarketOrder: 'place_market_order',
  LimitOrder: 'place_limit_order',
  ModifyOrder: 'modify_order',
  CancelOrder: 'cancel_order',
  CancelAll: 'cancel_all_orders',
  StopLoss: 'set_stop_loss',
  TakeProfit: 'set_take_profit',
} as const;
export type ToolName = (typeof ToolName)[keyof typeof ToolName];

export const TOOL_NAMES: readonly ToolName[] = Object.values(ToolName);

/** The tools that only look; all others do something. */
export const LOOK_TOOLS = [
  ToolName.Price,
  ToolName.Book,
  ToolName.Trades,
  ToolName.Indicators,
  ToolName.Sentiment,
  ToolName.Positions,
  ToolName.Balance,
  ToolName.Size,
  ToolName.Pnl,
] as const;
export type LookTool = (typeof LOOK_TOOLS)[number];

/** Whose worker runs a tool: that of market data, of the journal, or of the account's orders. */
export type ToolPlace = 'market' | 'journal' | 'orders';

const PLACES: Readonly<Record<ToolName, ToolPlace>> = {
  [ToolName.Price]: 'market',
  [ToolName.Book]: 'market',
  [ToolName.Trades]: 'market',
  [ToolName.Indicators]: 'journal',
  [ToolName.Sentiment]: 'journal',
  [ToolName.Positions]: 'journal',
  [ToolName.Pnl]: 'journal',
  [ToolName.Balance]: 'orders',
  [ToolName.Size]: 'orders',
  [ToolName.MarketOrder]: 'orders',
  [ToolName.LimitOrder]: 'orders',
  [ToolName.ModifyOrder]: 'orders',
  [ToolName.CancelOrder]: 'orders',
  [ToolName.CancelAll]: 'orders',
  [ToolName.StopLoss]: 'orders',
  [ToolName.TakeProfit]: 'orders',
};

/** Where a tool runs; one that does not exist is told so by the journal's worker. */
export const placeOf = (tool: string): ToolPlace =>
  Object.hasOwn(PLACES, tool) ? PLACES[tool as ToolName] : 'journal';

/** What one decision may use at most. */
export interface AgentBounds {
  /** Answers of the model. */
  readonly maxTurns: number;
  /** Tools that one answer may ask for; what is beyond is not run. */
  readonly maxCallsPerTurn: number;
  /** Tokens of all questions and answers together. */
  readonly maxTokens: number;
  /** Wall milliseconds. */
  readonly timeoutMs: number;
}

export const DEFAULT_BOUNDS: AgentBounds = {
  maxTurns: 8,
  maxCallsPerTurn: 4,
  maxTokens: 60_000,
  timeoutMs: 25_000,
};

/** No bound goes beyond these, whatever a workflow was given. */
export const GREATEST_BOUNDS: AgentBounds = {
  maxTurns: 32,
  maxCallsPerTurn: 16,
  maxTokens: 1_000_000,
  timeoutMs: 300_000,
};

/** The bounds among a strategy's parameters, each within the greatest; the default where one is missing. */
export function boundsOf(parameters: Readonly<Record<string, unknown>>): AgentBounds {
  const bound = (name: keyof AgentBounds): number => {
    const given = parameters[name];
    const value = typeof given === 'number' && given >= 1 ? Math.floor(given) : DEFAULT_BOUNDS[name];
    return Math.min(value, GREATEST_BOUNDS[name]);
  };
  return {
    maxTurns: bound('maxTurns'),
    maxCallsPerTurn: bound('maxCallsPerTurn'),
    maxTokens: bound('maxTokens'),
    timeoutMs: bound('timeoutMs'),
  };
}

/** Steps that one call may take: a modified order is taken back in one and placed in another. */
export const STEPS_PER_CALL = 2;

/** The number of a call's first step in its decision: it depends on nothing but where the call stands, so a repetition has the same. */
export const stepOf = (turn: number, call: number): number =>
  (turn * GREATEST_BOUNDS.maxCallsPerTurn + call) * STEPS_PER_CALL;

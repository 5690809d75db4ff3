import type { DecimalString } from '../decimal';

/** Which decision of the agent is meant: there is one on each closed bar. */
export interface AgentKey {
  readonly account: string;
  readonly session: string;
  readonly strategy: string;
  readonly barCloseMs: number;
}

/** A call as the model wrote it. */
export interface AgentCall {
  readonly id: string;
  readonly name: string;
  /** JSON text; not trusted. */
  readonly arguments: string;
}

/** One answer of the model in a decision, or that there was none. */
export interface AgentTurn {
  /** From 0. */
  readonly turn: number;
  readonly said: string;
  readonly calls: readonly AgentCall[];
  readonly model: string | null;
  /** What finds the raw answer; null without an answer. */
  readonly requestHash: string | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Why there was no answer. */
  readonly failure: string | null;
}

/** `told`: it looked at something; `done`: an effect; `refused`: by the rules; `failed`: it could not be had. */
export const StepOutcome = { Told: 'told', Done: 'done', Refused: 'refused', Failed: 'failed' } as const;
export type StepOutcome = (typeof StepOutcome)[keyof typeof StepOutcome];

/** One call of a tool and what came of it. */
export interface AgentStep {
  /** Counts through the decision, from 0. */
  readonly step: number;
  readonly turn: number;
  readonly callId: string;
  readonly tool: string;
  readonly arguments: string;
  readonly symbol: string | null;
  readonly outcome: StepOutcome;
  /** What the decision about the symbol came to by it (`enter`, `exit`, `trail`, `refused`); null when it was no decision. */
  readonly decided: string | null;
  readonly positionId: string | null;
  /** In plain words, for people. */
  readonly summary: string;
  /** What the model was told. */
  readonly result: string;
}

/** A wish about a position of the agent's own, which its owner carries out. None can take protection away. */
export type AgentEffect =
  | { readonly kind: 'exit'; readonly positionId: string }
  /** Raises the stop; a lower price changes nothing. */
  | { readonly kind: 'stop'; readonly positionId: string; readonly stopPrice: DecimalString }
  | { readonly kind: 'target'; readonly positionId: string; readonly targetPrice: DecimalString }
  /** Takes the rest of an entry back. What it has bought stays, with its stop. */
  | { readonly kind: 'withdraw'; readonly positionId: string };

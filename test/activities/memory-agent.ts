import type { AgentJournal } from '../../adapters/store/agent';
import type { AgentEffect, AgentKey, AgentStep, AgentTurn } from '../../domain/agent/record';
import { greaterThan } from '../../domain/decimal';
import { PositionState } from '../../domain/position';
import type { MemoryOrders } from './memory-orders';

const nameOf = ({ account, session, strategy, barCloseMs }: AgentKey): string =>
  JSON.stringify([account, session, strategy, barCloseMs]);

/** What the agent said and did, in memory, by the rules of the journal in PostgreSQL. */
export class MemoryAgent implements AgentJournal {
  readonly #turns = new Map<string, AgentTurn[]>();
  readonly #steps = new Map<string, AgentStep[]>();

  constructor(private readonly orders: MemoryOrders) {}

  turns(key: AgentKey): Promise<readonly AgentTurn[]> {
    return Promise.resolve(this.#turns.get(nameOf(key)) ?? []);
  }

  steps(key: AgentKey): Promise<readonly AgentStep[]> {
    return Promise.resolve(this.#steps.get(nameOf(key)) ?? []);
  }

  /** Of every decision, in the order in which they were written. */
  all(): { readonly turns: readonly AgentTurn[]; readonly steps: readonly AgentStep[] } {
    return { turns: [...this.#turns.values()].flat(), steps: [...this.#steps.values()].flat() };
  }

  recordTurn(key: AgentKey, turn: AgentTurn): Promise<AgentTurn> {
    const known = this.#turns.get(nameOf(key)) ?? [];
    const there = known.find((one) => one.turn === turn.turn);
    if (there === undefined) this.#turns.set(nameOf(key), [...known, turn]);
    return Promise.resolve(there ?? turn);
  }

  recordStep(key: AgentKey, step: AgentStep, effects: readonly AgentEffect[]): Promise<AgentStep> {
    const known = this.#steps.get(nameOf(key)) ?? [];
    const there = known.find((one) => one.step === step.step);
    if (there !== undefined) return Promise.resolve(there);
    const carried = effects.filter((effect) => this.carry(key, effect)).length;
    const over = { outcome: 'refused', decided: null, summary: 'too late', result: 'too late' } as const;
    const written = effects.length > 0 && carried === 0 ? { ...step, ...over } : step;
    this.#steps.set(nameOf(key), [...known, written]);
    return Promise.resolve(written);
  }

  private carry({ strategy, barCloseMs }: AgentKey, effect: AgentEffect): boolean {
    const position = this.orders.known(effect.positionId);
    if (position.strategy !== strategy) throw new Error(`misuse: ${effect.positionId} is not of ${strategy}`);
    if (position.state !== PositionState.Live) return false;
    return this.orders.wish(effect.positionId, (row) => {
      if (effect.kind === 'exit') row.exitReason ??= 'strategy';
      if (effect.kind === 'stop' && greaterThan(effect.stopPrice, row.stopPrice))
        row.stopPrice = effect.stopPrice;
      if (effect.kind === 'target') row.targetPrice = effect.targetPrice;
      if (effect.kind === 'withdraw') row.expiresAtMs = Math.min(row.expiresAtMs, barCloseMs);
    });
  }
}

import { greatestCostOf } from '../../adapters/llm/price';
import { panelQuestion } from '../../adapters/llm/panel-question';
import type { ModelEntry } from '../../adapters/llm/managed-model';
import type { PanelBrief } from '../../domain/deliberation/brief';
import { turnsOf } from '../../domain/deliberation/turns';
import { type PanelSettings } from '../../domain/deliberation/settings';
import type { Statement } from '../../domain/deliberation/verdict';
import { UserError } from '../../domain/errors';
import { sum } from '../../domain/statistics';

/** Characters of a token in an answer, on the high side. */
const CHARACTERS_PER_TOKEN = 4;

/** The most that one sitting can cost with valid answers, in dollars: every seat speaks at its full length, by the dearest model of its chain. */
export function greatestSittingCost(
  settings: PanelSettings,
  brief: PanelBrief,
  chainOf: (role: string) => readonly Pick<ModelEntry, 'price'>[],
): number {
  const heard: Statement[] = [];
  return sum(
    turnsOf(settings).map((turn) => {
      const { prompt, values, form, maxTokens } = panelQuestion(turn, settings, brief, heard);
      heard.push({ ...turn, answer: 'x'.repeat(maxTokens * CHARACTERS_PER_TOKEN) });
      const request = { messages: prompt.render(values), form, maxTokens, temperature: 0, seed: 0 };
      return Math.max(...chainOf(turn.role).map(({ price }) => Number(greatestCostOf(price, request))));
    }),
  );
}

/** What an evaluation may still spend; asked before anybody is. */
export class SpendingLimit {
  /** Dollars. */
  total = 0;
  private promised = 0;

  constructor(
    readonly perSittingUsd: number,
    readonly limitUsd: number,
  ) {}

  /** @throws UserError when the limit does not cover so many sittings more, told before the first one */
  check(sittings: number): void {
    const most = sittings * this.perSittingUsd;
    if (this.total + this.promised + most <= this.limitUsd) return;
    throw new UserError(
      `Asking about ${sittings} proposals may cost $${dollars(most)}; of the $${dollars(this.limitUsd)} that may be spent, $${dollars(this.total)} are.`,
      'Raise --budget or models.monthlyBudgetUsd, or take fewer seeds or a shorter period. What was said so far is kept.',
    );
  }

  reserve(sittings: number): void {
    this.check(sittings);
    this.promised += sittings * this.perSittingUsd;
  }

  /** What one sitting came to, of what was set aside for it. */
  spent(costUsd: number): void {
    this.total += costUsd;
    this.promised = Math.max(0, this.promised - this.perSittingUsd);
  }
}

export const dollars = (amount: number): string =>
  amount === 0 || amount >= 0.01 ? amount.toFixed(2) : amount.toPrecision(2);

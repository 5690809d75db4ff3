import type { Reply } from '../../adapters/llm/asker';
import { ModelFailureKind } from '../../adapters/llm/failure';
import type { ModelManager } from '../../adapters/llm/manager';
import { ANSWER_SHARE, panelQuestion, seatPrompt } from '../../adapters/llm/panel-question';
import { canonicalJson, textHash } from '../../adapters/llm/request-hash';
import type { SittingStore } from '../../adapters/store/evaluations';
import type { ProposedEntry } from '../../backtest/counsel';
import { sittingSchema, type Sitting } from '../../backtest/evaluation/conduct';
import type { OpenQuestion, QuestionsOfBar } from '../../backtest/evaluation/rounds';
import type { PanelBrief } from '../../domain/deliberation/brief';
import { conductPanel } from '../../domain/deliberation/conduct';
import { readSeatAnswer } from '../../domain/deliberation/answers';
import { Ruling, type Seat } from '../../domain/deliberation/seats';
import type { PanelSettings } from '../../domain/deliberation/settings';
import type { Statement } from '../../domain/deliberation/verdict';
import { UserError } from '../../domain/errors';
import type { SpendingLimit } from './agent-cost';

/** Raised when what is put together for the panel changes, so that old records are not taken for new ones. */
const RECORD_VERSION = 1;
export interface PanelRoomParts {
  readonly manager: ModelManager;
  readonly settings: PanelSettings;
  /** What exactly answers for each role, in the order in which they are asked. */
  readonly identities: Readonly<Record<string, readonly string[]>>;
  readonly briefOf: (entry: ProposedEntry) => PanelBrief;
  readonly store: SittingStore;
  /** Wall milliseconds. */
  readonly nowMs: () => number;
}

/** Where the panel of one seed sits: the live one's questions, turns, deadline and verdict; each sitting is recorded and held once. */
export class PanelRoom {
  /** What may be spent; set before anybody is asked. */
  limit: SpendingLimit | null = null;
  private readonly keys = new Map<string, string>();

  constructor(
    private readonly seed: number,
    private readonly parts: PanelRoomParts,
  ) {}

  /** A hash of all that decides what is said: the brief, the settings, the prompts, what answers, and the seed. */
  keyOf(entry: ProposedEntry): string {
    // A backtest comes by many times, and a brief takes its time.
    const mark = JSON.stringify(entry);
    const key = this.keys.get(mark) ?? this.hashOf(entry);
    this.keys.set(mark, key);
    return key;
  }

  private hashOf(entry: ProposedEntry): string {
    const { settings, identities, briefOf } = this.parts;
    const prompts = settings.seats.map(({ seat }) => seatPrompt(seat).hash);
    const decides = { brief: briefOf(entry), settings, prompts, identities, seed: this.seed };
    return textHash(canonicalJson({ version: RECORD_VERSION, ...decides }));
  }

  briefOf(entry: ProposedEntry): PanelBrief {
    return this.parts.briefOf(entry);
  }

  /** What is recorded, of what is asked for. */
  async recorded(questions: readonly OpenQuestion[]): Promise<ReadonlyMap<string, Sitting>> {
    const found = await this.parts.store.find(questions.map(({ key }) => key));
    return new Map([...found].map(([key, sitting]) => [key, sittingSchema.parse(sitting)]));
  }

  /**
   * Lets the panel sit on all entries of a bar within one deadline, as live trading does.
   * @throws UserError when the budget does not cover it, or nobody answers: what has been said so far is kept
   */
  async ask(bar: QuestionsOfBar): Promise<ReadonlyMap<string, Sitting>> {
    const known = await this.recorded(bar);
    if (bar.every(({ key }) => known.has(key))) return known;
    this.limit?.reserve(bar.length);
    const deadlineMs = this.parts.nowMs() + this.parts.settings.deadlineMs;
    const held = await Promise.all(
      bar.map(async (question) => [question.key, await this.hold(question, deadlineMs)] as const),
    );
    return new Map(held);
  }

  private async hold({ key, entry }: OpenQuestion, deadlineMs: number): Promise<Sitting> {
    const { settings, manager, nowMs, store, briefOf } = this.parts;
    const brief = briefOf(entry);
    const startedMs = nowMs();
    const statements: Statement[] = [];
    const replies: Reply<unknown>[] = [];
    const calls: string[] = [];
    const verdict = await conductPanel({
      settings,
      leftMs: () => deadlineMs - nowMs(),
      speak: async (turn, heard, allottedMs) => {
        const reply = await manager.ask(
          { ...panelQuestion(turn, settings, brief, heard), seed: this.seed },
          { deadlineMs: Math.floor(allottedMs * ANSWER_SHARE), onCall: (callId) => calls.push(callId) },
        );
        replies.push(reply);
        const answer = reply.answered ? reply.value : null;
        statements.push({ seat: turn.seat, round: turn.round, answer });
        return answer;
      },
    });
    refuseOutage(replies);
    const spoke = opinionsOf(settings, statements);
    const sitting: Sitting = {
      ...{ outcome: verdict.outcome, sizeFactor: verdict.sizeFactor, ...spoke },
      missedDeadline:
        spoke.silent.length > 0 &&
        (replies.some((reply) => !reply.answered && reply.kind === ModelFailureKind.Deadline) ||
          nowMs() >= deadlineMs),
      costUsd: await store.costOfCalls(calls),
      latencyMs: Math.round(nowMs() - startedMs),
      answers: replies.flatMap((reply) => (reply.answered ? [reply.requestHash] : [])),
    };
    await store.keep(key, sitting);
    this.limit?.spent(sitting.costUsd);
    return sitting;
  }
}

const OUTAGES: readonly ModelFailureKind[] = [
  ModelFailureKind.Unavailable,
  ModelFailureKind.Rejected,
  ModelFailureKind.RateLimited,
];

/** A server that is away is no panel without an opinion: nothing is recorded, so that the next run asks again. */
function refuseOutage(replies: readonly Reply<unknown>[]): void {
  for (const reply of replies)
    if (!reply.answered && reply.kind === ModelFailureKind.OverBudget)
      throw new UserError(
        reply.message,
        'What was said so far is kept: raise models.monthlyBudgetUsd and run it again.',
      );
  const isOut =
    replies.length > 0 && replies.every((reply) => !reply.answered && OUTAGES.includes(reply.kind));
  const [first] = replies;
  if (isOut && first?.answered === false)
    throw new UserError(
      `The panel’s models do not answer: ${first.message}`,
      'What was said so far is kept: see that they answer (ballast model check), and run it again.',
    );
}

function opinionsOf(
  { seats }: PanelSettings,
  statements: readonly Statement[],
): Pick<Sitting, 'opinions' | 'silent'> {
  const last = seats.map(({ seat }): readonly [Seat, string | null] => {
    const valid = statements
      .filter((statement) => statement.seat === seat)
      .flatMap(({ answer }) => readSeatAnswer(seat, answer) ?? []);
    const word = valid.at(-1)?.verdict ?? null;
    // An objection and a veto are the same opinion, said by who may and who may not.
    return [seat, word === Ruling.Veto ? 'oppose' : word];
  });
  return {
    opinions: last.flatMap(([seat, word]) => (word === null ? [] : [{ seat, word }])),
    silent: last.flatMap(([seat, word]) => (word === null ? [seat] : [])),
  };
}

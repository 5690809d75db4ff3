import { Context } from '@temporalio/activity';
import { ANSWER_SHARE, panelQuestion, seatPrompt } from '../../adapters/llm/panel-question';
import type { SeatRecord, SeatTurn } from '../../adapters/store/deliberations';
import type { PanelBrief } from '../../domain/deliberation/brief';
import type { PanelSettings } from '../../domain/deliberation/settings';
import type { Turn } from '../../domain/deliberation/turns';
import { positionId } from '../../domain/ids';
import type { IntelligenceDeps } from './deps';
import { briefOf, type DeliberatedProposal } from './panel-brief';

export interface SpeakInput {
  /** Of the position that the proposal would become. */
  readonly positionId: string;
  readonly turn: Turn;
  readonly settings: Pick<PanelSettings, 'maxTokens' | 'anonymise'>;
  /** Wall milliseconds for this turn, from when it was asked for: retries and waiting included. */
  readonly allottedMs: number;
}

/** What a seat said: small enough for a history. */
export interface Spoken {
  /** As its form says; null for none. */
  readonly answer: unknown;
  /** Why there is none. */
  readonly failure: string | null;
}

/** The activities of a panel: each writes what it found before it returns, and finds it again when it is repeated. */
export function createPanelActivities(deps: IntelligenceDeps) {
  const { deliberations, models } = deps;

  return {
    /** Puts together what the panel is to know, from PostgreSQL alone, and journals it. What cannot be had is missing. */
    async preparePanel(input: DeliberatedProposal): Promise<{ readonly positionId: string }> {
      const { account, session, strategy, barCloseMs, proposal } = input;
      const key = { account, session, strategy, symbol: proposal.symbol, barCloseMs };
      const id = positionId(key);
      await deliberations.open({ positionId: id, ...key }, await briefOf(deps, input));
      return { positionId: id };
    },

    /**
     * Lets a seat speak once. What it says is journaled before this returns, so that a repetition after a crash returns it and asks nobody.
     * No answer, for whatever reason, is journaled as none and never asked for again.
     */
    async speakOnPanel(input: SpeakInput): Promise<Spoken> {
      const { positionId: id, turn } = input;
      const { cancellationSignal, info } = Context.current();
      const seatTurn: SeatTurn = { positionId: id, round: turn.round, seat: turn.seat };
      const before = await deliberations.said(seatTurn);
      if (before !== undefined) return spoken(before);
      const brief = await deliberations.brief(id);
      if (brief === undefined) throw new Error(`No panel was told of ${id}.`);
      const spentMs = Math.max(0, deps.wallTimeMs() - info.scheduledTimestampMs);
      const record = await ask(input, brief, {
        seatTurn,
        deadlineMs: Math.floor((input.allottedMs - spentMs) * ANSWER_SHARE),
        signal: cancellationSignal,
      });
      cancellationSignal.throwIfAborted();
      return spoken(await deliberations.say(seatTurn, record));
    },
  };

  async function ask(
    { turn, settings }: SpeakInput,
    brief: PanelBrief,
    {
      seatTurn,
      deadlineMs,
      signal,
    }: { readonly seatTurn: SeatTurn; readonly deadlineMs: number; readonly signal: AbortSignal },
  ): Promise<SeatRecord> {
    const prompt = seatPrompt(turn.seat);
    const common = { role: turn.role, prompt: prompt.name, promptVersion: prompt.version };
    const none = { ...common, answer: null, model: null, requestHash: null };
    if (deadlineMs <= 0)
      return { ...none, outcome: 'deadline', failure: 'Its time was over before it was asked.' };
    const heard = await deliberations.statements(seatTurn.positionId);
    const links: Promise<void>[] = [];
    const reply = await models.ask(panelQuestion(turn, settings, brief, heard), {
      ...{ deadlineMs, signal },
      onCall: (callId) => links.push(deliberations.linkCall(seatTurn, callId)),
    });
    await Promise.allSettled(links);
    return reply.answered
      ? {
          ...{ ...common, outcome: 'answered', answer: reply.value, failure: null },
          ...{ model: reply.model, requestHash: reply.requestHash },
        }
      : { ...none, outcome: reply.kind, failure: reply.message };
  }
}

const spoken = ({ answer, failure }: SeatRecord): Spoken => ({ answer, failure });

import { Context } from '@temporalio/activity';
import { createAnonymiser, type Anonymiser } from '../../adapters/llm/anonymiser';
import { loadPrompt, type Prompt } from '../../adapters/llm/prompt';
import type { SeatRecord, SeatTurn } from '../../adapters/store/deliberations';
import { briefValues, type PanelBrief } from '../../domain/deliberation/brief';
import { Seat, SEAT_ANSWERS } from '../../domain/deliberation/seats';
import type { PanelSettings, Turn } from '../../domain/deliberation/settings';
import { positionId } from '../../domain/ids';
import { assetOf } from '../../domain/observations';
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

/** Versions of the prompts that the seats speak by. */
const PROMPTS: Readonly<Record<Seat, number>> = {
  [Seat.Analyst]: 1,
  [Seat.RiskOfficer]: 1,
  [Seat.DevilsAdvocate]: 1,
  [Seat.Supervisor]: 1,
};

/** Of the time of a turn, what its models may take; in the rest the answer is journaled. */
const ANSWER_SHARE = 0.9;

/** The activities of a panel: each writes what it found before it returns, and finds it again when it is repeated. */
export function createPanelActivities(deps: IntelligenceDeps) {
  const { deliberations, models } = deps;
  const prompts = new Map<Seat, Prompt>();
  const promptOf = (seat: Seat): Prompt => {
    const known = prompts.get(seat) ?? loadPrompt(seat, PROMPTS[seat]);
    prompts.set(seat, known);
    return known;
  };

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
    const { seat, role } = turn;
    const prompt = promptOf(seat);
    const common = { role, prompt: prompt.name, promptVersion: prompt.version };
    const none = { ...common, answer: null, model: null, requestHash: null };
    if (deadlineMs <= 0)
      return { ...none, outcome: 'deadline', failure: 'Its time was over before it was asked.' };
    const heard = await deliberations.statements(seatTurn.positionId);
    const links: Promise<void>[] = [];
    const reply = await models.ask<unknown>(
      {
        ...{ role, prompt, maxTokens: settings.maxTokens },
        values: briefValues(brief, heard),
        form: { name: `panel_${seat.replaceAll('-', '_')}`, schema: SEAT_ANSWERS[seat] },
        ...(settings.anonymise && { anonymiser: anonymiserOf(brief) }),
      },
      {
        ...{ deadlineMs, signal },
        onCall: (callId) => links.push(deliberations.linkCall(seatTurn, callId)),
      },
    );
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

const anonymiserOf = ({ symbol, strategy, proposal }: PanelBrief): Anonymiser =>
  createAnonymiser({
    names: [[assetOf(symbol)], [strategy]],
    referencePrice: Number(proposal.referencePrice),
  });

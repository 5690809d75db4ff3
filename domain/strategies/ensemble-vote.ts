import { hold, PositionSide, SignalKind, type Reason, type Signal, type StrategyView } from '../strategy';
import { enterWithBracket, type BracketParameters } from './bracket';
import type { AnySignal, PreparedStrategy } from './prepare';
import { holding, type Scope } from './scope';

export interface VotingMember {
  /** As people are told of it; differs between members. */
  readonly name: string;
  readonly strategy: PreparedStrategy;
  readonly weight: number;
  readonly scope: Scope;
}

interface VoteRules extends BracketParameters {
  readonly quorum: number;
  readonly exitQuorum: number;
  readonly voteBars: number;
}

/** What a member has wished for, and how many bars ago. */
interface Vote {
  readonly signal: AnySignal;
  readonly barsAgo: number;
}

/** Weights are added up in floats: a quorum that is reached to the last digit is reached. */
const ROUNDING = 1e-9;

const NO_REASONS = hold<never, never>(() => []);
const QUIET: AnySignal = NO_REASONS;
const LEAVE: AnySignal = { kind: SignalKind.Exit, because: () => [] };

/** How an ensemble decides, and tells. */
export function createVote(
  members: readonly VotingMember[],
  rules: VoteRules,
  own: Scope,
): Pick<PreparedStrategy, 'onBar' | 'explain'> {
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  const weightOf = (isFor: (member: VotingMember) => boolean): number =>
    members.reduce((sum, member) => (isFor(member) ? sum + member.weight : sum), 0) / total;

  function onBar(view: StrategyView): AnySignal {
    if (view.position !== null) {
      const leaving = weightOf((member) => decisionOf(member, view).kind === SignalKind.Exit);
      return leaving + ROUNDING >= rules.exitQuorum ? LEAVE : QUIET;
    }
    let balance = 0;
    for (const member of members) {
      const { signal } = entryVote(member, view, rules.voteBars);
      if (signal.kind === SignalKind.Enter)
        balance += (signal.side === PositionSide.Long ? member.weight : -member.weight) / total;
    }
    if (Math.abs(balance) + ROUNDING < rules.quorum) return QUIET;
    const side = balance > 0 ? PositionSide.Long : PositionSide.Short;
    return enterWithBracket<VoteRules, 'atr'>(own.see(view), rules, () => [], side);
  }

  /** The count, then every member with its reasons; and where a bracket was tried, what came of it. */
  function explain(signal: AnySignal, view: StrategyView): readonly Reason[] {
    const tried = (signal as Signal<VoteRules, 'atr'>).because(own.see(view), rules);
    if (view.position !== null) {
      const votes = members.map((member) => ({ signal: decisionOf(member, view), barsAgo: 0 }));
      const leaving = weightOf((member) => votes[members.indexOf(member)]?.signal.kind === SignalKind.Exit);
      return [count('leaving', leaving, rules.exitQuorum), ...tellVotes(votes, view)];
    }
    const votes = members.map((member) => entryVote(member, view, rules.voteBars));
    const weightFor = (side: PositionSide): number =>
      weightOf((member) => {
        const vote = votes[members.indexOf(member)]?.signal;
        return vote?.kind === SignalKind.Enter && vote.side === side;
      });
    const [long, short] = [weightFor(PositionSide.Long), weightFor(PositionSide.Short)];
    const [side, net] = short > long ? (['a short', short - long] as const) : (['a long', long - short] as const);
    return [count(side, net, rules.quorum), ...tellVotes(votes, view), ...tried];
  }

  const tellVotes = (votes: readonly Vote[], view: StrategyView): readonly Reason[] =>
    members.flatMap((member, index) => {
      const vote = votes[index];
      return vote === undefined ? [] : tell(member, vote, view);
    });

  return { onBar, explain };
}

/** What a member decides on the bar that the view stands at. */
const decisionOf = ({ strategy, scope }: VotingMember, view: StrategyView): AnySignal =>
  strategy.onBar(scope.see(view));

/**
 * The member's newest wish to enter within `voteBars`, if it would not have left again since; else what it decides now. Nobody
 * remembers: past bars are decided on again, as they were seen then.
 */
function entryVote(member: VotingMember, view: StrategyView, voteBars: number): Vote {
  const newest = decisionOf(member, view);
  const none: Vote = { signal: newest, barsAgo: 0 };
  if (newest.kind === SignalKind.Enter) return none;
  const seen = member.scope.see(view);
  for (let barsAgo = 1; barsAgo < voteBars; barsAgo += 1) {
    const signal = view.asOf(barsAgo, () => member.strategy.onBar(seen));
    if (signal.kind !== SignalKind.Enter) continue;
    return hasLeftSince(member, view, signal.side, barsAgo) ? none : { signal, barsAgo };
  }
  return none;
}

/** Whether the member, had it entered `barsAgo`, would have left on one of the bars after that. */
function hasLeftSince(member: VotingMember, view: StrategyView, side: PositionSide, barsAgo: number): boolean {
  const held = holding(member.scope.see(view), side);
  for (let ago = barsAgo - 1; ago >= 0; ago -= 1) {
    if (view.asOf(ago, () => member.strategy.onBar(held)).kind === SignalKind.Exit) return true;
  }
  return false;
}

function count(what: string, part: number, quorum: number): Reason {
  const percent = (value: number): string => `${Number((value * 100).toFixed(1))} %`;
  const passes = part + ROUNDING >= quorum;
  const text = `Vote for ${what}: ${percent(part)} of the weight, ${passes ? 'at least' : 'less than'} ${percent(quorum)}`;
  return { code: passes ? 'vote-passed' : 'vote-failed', text, values: { part, quorum } };
}

/** A member's vote, then its reasons under its name. */
function tell({ name, strategy, weight, scope }: VotingMember, { signal, barsAgo }: Vote, view: StrategyView): readonly Reason[] {
  const wish = signal.kind === SignalKind.Enter ? `enter ${signal.side}` : signal.kind;
  const when = barsAgo === 0 ? '' : `, ${barsAgo} bars ago`;
  const reasons = view.asOf(barsAgo, () => strategy.explain(signal, scope.see(view)));
  return [
    { code: `${name}-votes`, text: `${name} (weight ${weight}): ${wish}${when}`, values: { weight, barsAgo } },
    ...reasons.map((reason) => ({
      ...reason,
      code: `${name}: ${reason.code}`,
      text: `${name}: ${reason.text}`,
    })),
  ];
}

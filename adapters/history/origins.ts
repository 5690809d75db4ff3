import { ObservedKind } from '../../domain/observations';

/** Who tells the Fear & Greed index. */
export const FEAR_GREED_ORIGIN = 'alternative.me';
/** Moods of real news, whoever scored them. */
export const NEWS_ORIGIN = 'news';

/** Under which the moods of a session's own, made-up news are kept: they are true in that session and nowhere else. */
export const sessionOrigin = (session: string): string => `session ${session}`;

/** Every venue has its own of these kinds; the others are of the whole market, whoever tells them. */
export const isOfVenue = (kind: ObservedKind): boolean =>
  kind === ObservedKind.Funding || kind === ObservedKind.LongShort;

/**
 * Whose observations of a kind count: those of the real world, and those of the session.
 * @param venue whose funding rates and ratios count; null where the market is made up, and the real world says nothing about it
 * @param session null outside of any
 */
export function originsOf(
  kind: ObservedKind,
  { venue, session }: { readonly venue: string | null; readonly session: string | null },
): readonly string[] {
  const real = {
    [ObservedKind.FearGreed]: FEAR_GREED_ORIGIN,
    [ObservedKind.Funding]: venue,
    [ObservedKind.LongShort]: venue,
    [ObservedKind.Mood]: NEWS_ORIGIN,
  };
  const origin = venue === null ? null : real[kind];
  return [...(origin === null ? [] : [origin]), ...(session === null ? [] : [sessionOrigin(session)])];
}

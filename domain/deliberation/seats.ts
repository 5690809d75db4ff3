/**
 * Who sits on the panel, and what each may say. Nobody has a word for a larger size, another stop or an exit: what cannot be said
 * cannot be done.
 */
export const Seat = {
  Analyst: 'analyst',
  RiskOfficer: 'risk-officer',
  DevilsAdvocate: 'devils-advocate',
  Supervisor: 'supervisor',
} as const;
export type Seat = (typeof Seat)[keyof typeof Seat];

/** What an adviser thinks of the proposal. Advisers have no veto: an objection makes the entry smaller. */
export const Advice = { Confirm: 'confirm', Shrink: 'shrink', Oppose: 'oppose' } as const;
export type Advice = (typeof Advice)[keyof typeof Advice];

/** What the Supervisor rules. */
export const Ruling = { Confirm: 'confirm', Shrink: 'shrink', Veto: 'veto' } as const;
export type Ruling = (typeof Ruling)[keyof typeof Ruling];

/** The bounds of a factor that makes an entry smaller. */
export const SHRINK = { least: 0.05, most: 0.95 } as const;

/** Names for people. */
export const SEAT_TITLES: Readonly<Record<Seat, string>> = {
  [Seat.Analyst]: 'Analyst',
  [Seat.RiskOfficer]: 'Risk Officer',
  [Seat.DevilsAdvocate]: "Devil's Advocate",
  [Seat.Supervisor]: 'Supervisor',
};

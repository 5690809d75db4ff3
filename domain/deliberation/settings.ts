import { z } from 'zod';
import { Seat } from './seats';

const MOST_ROUNDS = 3;
/** A decision that takes longer is late: the entry's expiry was made for one that does not wait. */
export const LONGEST_DELIBERATION_MS = 30_000;

const seatSchema = z.strictObject({
  seat: z.enum(Seat),
  /** Whose models speak for it: a key of `models.roles`. */
  role: z.string().regex(/^[a-z][a-z-]{0,39}$/, 'must be small letters and "-"'),
});

/** Everybody, each by models of a role of its own name. */
const EVERYBODY = Object.values(Seat).map((seat) => ({ seat, role: seat }));

/** How a panel deliberates; checked as a whole by {@link quorumIsReachable}. */
export const panelSettings = z.strictObject({
  /** In the order in which they speak; the Supervisor always has the last word. */
  seats: z
    .array(seatSchema)
    .min(1, 'must name at least one seat')
    .refine((list) => new Set(list.map(({ seat }) => seat)).size === list.length, 'must name each seat once')
    .prefault(EVERYBODY),
  /** How often the advisers speak, each time with what the others have said. The Supervisor speaks once, at the end. */
  rounds: z.int().min(1).max(MOST_ROUNDS).default(1),
  /** Seats that must have answered; with fewer the entry is made as the strategy wants it. */
  quorum: z.int().min(1).max(Object.keys(Seat).length).default(3),
  /** Wall milliseconds for all proposals of a bar together; then trading goes on without the panel. */
  deadlineMs: z.int().min(100).max(LONGEST_DELIBERATION_MS).default(LONGEST_DELIBERATION_MS),
  /** Most tokens of one answer. */
  maxTokens: z.int().min(64).max(8_192).default(700),
  /** Hides names, dates and price levels from the models, so that none can remember how it went on. */
  anonymise: z.boolean().default(false),
});

/** A quorum of more than there are seats would never be there. */
export const quorumIsReachable = ({
  seats,
  quorum,
}: Pick<z.infer<typeof panelSettings>, 'seats' | 'quorum'>): boolean => quorum <= seats.length;
export const QUORUM_FAULT = { path: ['quorum'], message: 'must not be more than there are seats' };

export const panelSettingsSchema = panelSettings.refine(quorumIsReachable, QUORUM_FAULT);
export type PanelSettings = Readonly<z.infer<typeof panelSettingsSchema>>;

import { z } from 'zod';
import { Seat } from '../../domain/deliberation/seats';
import { openAiWire, startVendor, type VendorServer } from '../adapters/llm/vendor-server';

/** What a seat is asked, as far as a script needs to know it. */
export interface AskedSeat {
  readonly seat: Seat;
  readonly seed: number;
  /** Close of the bar that is decided on (UTC milliseconds). */
  readonly closeMs: number;
  /** All that it was told. */
  readonly system: string;
  readonly user: string;
}

/** What it says: a verdict with its factor, or any text at all. */
export type SeatScript = (
  asked: AskedSeat,
) => 'confirm' | 'shrink' | 'oppose' | 'veto' | 'silence' | { readonly text: string };

const bodySchema = z.object({
  seed: z.number().optional(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
});

const TITLES: Readonly<Record<Seat, string>> = {
  [Seat.Analyst]: 'You are the Analyst',
  [Seat.RiskOfficer]: 'You are the Risk Officer',
  [Seat.DevilsAdvocate]: "You are the Devil's Advocate",
  [Seat.Supervisor]: 'You are the Supervisor',
};

/** A server that speaks OpenAI's protocol and answers as every seat does by a script. */
export const startSeats = (script: SeatScript): Promise<VendorServer> =>
  startVendor(openAiWire, (body) => {
    const asked = askedOf(body);
    const said = script(asked);
    if (said === 'silence') return { kind: 'silence' };
    return { kind: 'text', parts: [typeof said === 'string' ? answerOf(asked.seat, said) : said.text] };
  });

function askedOf(body: unknown): AskedSeat {
  const { seed = 0, messages } = bodySchema.parse(body);
  const [system = '', user = ''] = ['system', 'user'].map(
    (role) => messages.find((message) => message.role === role)?.content,
  );
  const seat = Object.values(Seat).find((one) => system.startsWith(TITLES[one]));
  if (seat === undefined) throw new Error(`Nobody knows who is asked: ${system.slice(0, 80)}`);
  const [, closed = ''] = /closed at (\S+Z)/.exec(user) ?? [];
  return { seat, seed, closeMs: Date.parse(closed), system, user };
}

/** A valid answer of a seat. */
export function answerOf(seat: Seat, verdict: string, sizeFactor = verdict === 'shrink' ? 0.5 : 1): string {
  const extra = {
    [Seat.Analyst]: { outlook: 'unclear' },
    [Seat.RiskOfficer]: { risks: ['none'] },
    [Seat.DevilsAdvocate]: { objection: 'It may fall.' },
    [Seat.Supervisor]: {},
  }[seat];
  return JSON.stringify({ verdict, sizeFactor, confidence: 0.5, reasons: ['As scripted.'], ...extra });
}

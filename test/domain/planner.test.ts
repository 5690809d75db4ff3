import { backoffMs } from '../../domain/back-off';
import { decimal } from '../../domain/decimal';
import { ledgerOf } from '../../domain/ledger';
import { Leg, OrderState, OrderType, type OrderView } from '../../domain/order';
import {
  DELISTED_REASON,
  emergencyStep,
  isBare,
  isStranded,
  MARKET_CLOSED_REASON,
  MAX_STOP_REFUSALS,
  nextStep,
  sellable,
  STOP_PATIENCE_MS,
  WOULD_TRIGGER_REASON,
  type PositionStep,
} from '../../domain/planner';
import { ExitReason, type PositionView } from '../../domain/position';
import { TradingMode } from '../../domain/risk';
import { grantOf } from '../activities/bench';
import { BTC, fill } from './fixtures';

const { Created, Sending, Unknown, Open, Filled, Cancelled, Expired, Rejected, Abandoned } = OrderState;
const EXPIRES_MS = grantOf().expiresAtMs;
const WALL_MS = 1_000_000;
const BEFORE = { marketTimeMs: EXPIRES_MS - 1, wallTimeMs: WALL_MS };
const AT_EXPIRY = { ...BEFORE, marketTimeMs: EXPIRES_MS };

type Sketch = Partial<Omit<OrderView, 'quantity' | 'filledQuantity'>> & {
  readonly quantity?: string;
  readonly filled?: string;
};

function order(
  leg: Leg,
  state: OrderState,
  { quantity = '1', filled = '0', ...rest }: Sketch = {},
): OrderView {
  const { sequence = 0 } = rest;
  const isStop = leg === Leg.Stop;
  const types = { entry: OrderType.Limit, stop: OrderType.StopMarket } as const;
  return {
    clientOrderId: `${leg}-${sequence}`,
    positionId: 'p',
    account: 'main',
    symbol: BTC.symbol,
    leg,
    sequence,
    side: leg === Leg.Entry ? 'buy' : 'sell',
    type: leg === Leg.Entry || isStop ? types[leg] : OrderType.Market,
    quantity: decimal(quantity),
    limitPrice: leg === Leg.Entry ? decimal('100') : null,
    stopPrice: isStop ? decimal('90') : null,
    state,
    filledQuantity: decimal(filled),
    filledQuote: decimal('0'),
    exchangeOrderId: null,
    replaces: null,
    sendDeadlineMs: state === Created ? null : 1,
    reason: null,
    version: 1,
    ...rest,
  };
}

const entry = (state: OrderState, sketch?: Sketch): OrderView => order(Leg.Entry, state, sketch);
const stop = (state: OrderState, sketch?: Sketch): OrderView => order(Leg.Stop, state, sketch);
const exit = (state: OrderState, sketch?: Sketch): OrderView => order(Leg.Exit, state, sketch);
const emergency = (state: OrderState, sketch?: Sketch): OrderView => order(Leg.Emergency, state, sketch);

/** A position that holds `held` and has these orders. */
function holding(
  held: string,
  orders: readonly OrderView[],
  change: Partial<PositionView> = {},
): PositionView {
  const fills = held === '0' ? [] : [fill({ quantity: decimal(held) })];
  const ledger = ledgerOf(fills, BTC);
  return { ...grantOf(), state: 'live', unprotectedMs: 0, orders, ledger, ...change };
}

type SendStep = Extract<PositionStep, { readonly do: 'order' }>;

const WAIT: PositionStep = { do: 'wait', untilMarketMs: null };
const SETTLE: PositionStep = { do: 'settle' };
const giveUp = (reason: ExitReason): PositionStep => ({ do: 'give-up', reason });
const cancel = (of: OrderView): PositionStep => ({ do: 'cancel', order: of });
const sendStop = (sequence: number, replaces: string | null = null, at = '90'): SendStep => ({
  do: 'order',
  leg: Leg.Stop,
  sequence,
  type: OrderType.StopMarket,
  stopPrice: decimal(at),
  replaces,
});
const sell = (leg: Leg, sequence: number, replaces: string | null = null): SendStep => ({
  do: 'order',
  leg,
  sequence,
  type: OrderType.Market,
  stopPrice: null,
  replaces,
});

const leaving = { exitReason: ExitReason.Strategy };
const withdrawn = { sendDeadlineMs: null };

interface Case {
  readonly what: string;
  readonly position: PositionView;
  readonly step: PositionStep;
}

const c = (what: string, position: PositionView, step: PositionStep): Case => ({ what, position, step });

const openEntry = entry(Open, { filled: '0.4' });
const filledEntry = entry(Filled, { filled: '1' });

describe('the entry', () => {
  it.each([
    c('is sent when it is in the outbox', holding('0', [entry(Created), stop(Created)]), {
      ...sendStop(0),
      leg: Leg.Entry,
      type: OrderType.Limit,
      stopPrice: null,
    }),
    c('is waited for while it is on its way', holding('0', [entry(Sending), stop(Created)]), WAIT),
    c('is waited for while its fate is unknown', holding('0', [entry(Unknown), stop(Created)]), WAIT),
    c('rests until it expires', holding('0', [entry(Open), stop(Created)]), {
      do: 'wait',
      untilMarketMs: EXPIRES_MS,
    }),
    c('unfilled and over leaves nothing to do', holding('0', [entry(Cancelled), stop(Created)]), SETTLE),
    c('withdrawn leaves nothing to do', holding('0', [entry(Abandoned, withdrawn), stop(Created)]), SETTLE),
  ])('$what', ({ position, step }) => {
    expect(nextStep(position, TradingMode.Active, BEFORE)).toEqual(step);
  });

  it('is cancelled at its expiry, not before', () => {
    const position = holding('0', [entry(Open), stop(Created)]);
    expect(nextStep(position, TradingMode.Active, AT_EXPIRY)).toEqual(cancel(entry(Open)));
  });

  it('is cancelled at its expiry though the stop is on its way', () => {
    const position = holding('0.4', [openEntry, stop(Unknown, { quantity: '0.4' })]);
    expect(nextStep(position, TradingMode.Active, AT_EXPIRY)).toEqual(cancel(openEntry));
  });
});

describe('protection', () => {
  const resident = stop(Open, { quantity: '0.4' });
  const reached = (triggeredAtMs: number): OrderView => stop(Open, { quantity: '1', triggeredAtMs });
  const second = { sequence: 1, replaces: 'stop-0', quantity: '1' };
  const refused = (sequence: number, reason = 'refused'): OrderView => stop(Rejected, { sequence, reason });

  it.each([
    c('sends the granted stop with the first fill', holding('0.4', [openEntry, stop(Created)]), sendStop(0)),
    c('waits until the entry expires when all is covered', holding('0.4', [openEntry, resident]), {
      do: 'wait',
      untilMarketMs: EXPIRES_MS,
    }),
    c('rests when the entry is over', holding('0.4', [entry(Cancelled), resident]), WAIT),
    c('grows with what is held', holding('0.7', [openEntry, resident]), sendStop(1, 'stop-0')),
    c(
      'rises with the wish',
      holding('0.4', [filledEntry, resident], { stopPrice: decimal('95') }),
      sendStop(1, 'stop-0', '95'),
    ),
    c(
      'sends a planned replacement as it was planned, whatever is wished by now',
      holding('1', [filledEntry, resident, stop(Created, second)], { stopPrice: decimal('95') }),
      sendStop(1, 'stop-0'),
    ),
    c('waits for one on its way', holding('1', [filledEntry, stop(Sending)]), WAIT),
    c('waits for one whose fate is unknown', holding('1', [filledEntry, stop(Unknown)]), WAIT),
    c(
      'waits for a replacement on its way though the old one still rests',
      holding('1', [filledEntry, resident, stop(Unknown, second)]),
      WAIT,
    ),
    c('replaces one that was cancelled by others', holding('1', [filledEntry, stop(Cancelled)]), sendStop(1)),
    c('replaces one that never arrived', holding('1', [filledEntry, stop(Abandoned)]), sendStop(1)),
    c('passes over one withdrawn', holding('1', [filledEntry, stop(Abandoned, withdrawn)]), sendStop(1)),
    c('tries again after a refusal', holding('1', [filledEntry, refused(0)]), sendStop(1)),
    c(
      `gives up after ${MAX_STOP_REFUSALS} refusals`,
      holding('1', [filledEntry, refused(0), refused(1), refused(2)]),
      giveUp(ExitReason.Unprotected),
    ),
    c(
      'counts only refusals in a row',
      holding('1', [filledEntry, refused(0), refused(1), stop(Cancelled, { sequence: 2 }), refused(3)]),
      sendStop(4),
    ),
    c(
      'keeps the old one when its replacement is refused',
      holding('1', [filledEntry, resident, refused(1)]),
      sendStop(2, 'stop-0'),
    ),
    c(
      'gives up at once when the market has passed it',
      holding('1', [filledEntry, refused(0, WOULD_TRIGGER_REASON)]),
      giveUp(ExitReason.Unprotected),
    ),
    c('waits a moment for one that the market has reached', holding('1', [filledEntry, reached(WALL_MS)]), {
      do: 'wait',
      untilMarketMs: null,
      untilWallMs: WALL_MS + STOP_PATIENCE_MS,
    }),
    c(
      'does not raise one that the market has reached',
      holding('1', [filledEntry, reached(WALL_MS)], { stopPrice: decimal('95') }),
      { do: 'wait', untilMarketMs: null, untilWallMs: WALL_MS + STOP_PATIENCE_MS },
    ),
    c(
      'leaves when one that the market has reached does not sell',
      holding('1', [filledEntry, reached(WALL_MS - STOP_PATIENCE_MS)]),
      giveUp(ExitReason.Stop),
    ),
    c('takes its expiry for a trigger', holding('1', [filledEntry, stop(Expired)]), giveUp(ExitReason.Stop)),
    c(
      'leaves when a triggered one has filled partly and ended',
      holding('0.6', [filledEntry, stop(Expired, { filled: '0.4' })]),
      giveUp(ExitReason.Stop),
    ),
    c(
      'leaves when a triggered one still sells',
      holding('0.6', [filledEntry, stop(Open, { filled: '0.4' })]),
      giveUp(ExitReason.Stop),
    ),
    c(
      'leaves when it has sold everything and the entry still rests',
      holding('0', [openEntry, stop(Filled, { quantity: '0.4', filled: '0.4' })]),
      giveUp(ExitReason.Stop),
    ),
    c('is not there for dust', holding('0.000001', [openEntry, stop(Created)]), {
      do: 'wait',
      untilMarketMs: EXPIRES_MS,
    }),
    c('is not there for less than the minimum notional', holding('0.05', [openEntry, stop(Created)]), {
      do: 'wait',
      untilMarketMs: EXPIRES_MS,
    }),
    c(
      'is settled once the stop has sold everything',
      holding('0', [filledEntry, stop(Filled, { filled: '1' })]),
      SETTLE,
    ),
    c(
      'takes back a stop that rests over dust',
      holding('0.000001', [filledEntry, stop(Open)]),
      cancel(stop(Open)),
    ),
  ])('$what', ({ position, step }) => {
    expect(nextStep(position, TradingMode.Active, BEFORE)).toEqual(step);
  });
});

describe('leaving', () => {
  const planned = exit(Created, { replaces: 'stop-0' });
  it.each([
    c(
      'withdraws an entry never sent',
      holding('0', [entry(Created), stop(Created)], leaving),
      cancel(entry(Created)),
    ),
    c(
      'cancels a resting entry first',
      holding('0', [entry(Open), stop(Created)], leaving),
      cancel(entry(Open)),
    ),
    c(
      'waits for an entry whose fate is unknown',
      holding('0', [entry(Unknown), stop(Created)], leaving),
      WAIT,
    ),
    c(
      'goes on protecting while the entry may fill',
      holding('0.4', [openEntry, stop(Created)], leaving),
      sendStop(0),
    ),
    c(
      'cancels the entry though the stop is on its way',
      holding('0.4', [openEntry, stop(Unknown)], leaving),
      cancel(openEntry),
    ),
    c(
      'cancels the entry though the stop cannot be placed',
      holding('0.4', [openEntry, stop(Rejected, { reason: WOULD_TRIGGER_REASON })], leaving),
      cancel(openEntry),
    ),
    c(
      "sells in the resident stop's place",
      holding('1', [filledEntry, stop(Open)], leaving),
      sell(Leg.Exit, 0, 'stop-0'),
    ),
    c('sells what nothing guards', holding('1', [filledEntry, stop(Rejected)], leaving), sell(Leg.Exit, 0)),
    c(
      'sells what a stop left',
      holding('1', [filledEntry, stop(Expired, { filled: '0.1' })], leaving),
      sell(Leg.Exit, 0),
    ),
    c('waits for a stop on its way', holding('1', [filledEntry, stop(Sending)], leaving), WAIT),
    c(
      'ends a stop that sells, before it sells the rest',
      holding('0.6', [filledEntry, stop(Open, { filled: '0.4' })], leaving),
      cancel(stop(Open, { filled: '0.4' })),
    ),
    c(
      'sends the exit that was planned',
      holding('1', [filledEntry, stop(Open), planned], leaving),
      sell(Leg.Exit, 0, 'stop-0'),
    ),
    c(
      'takes back an exit planned for a stop that is gone',
      holding('1', [filledEntry, stop(Cancelled), planned], leaving),
      cancel(planned),
    ),
    c(
      'plans anew after that',
      holding('1', [filledEntry, stop(Cancelled), exit(Abandoned, withdrawn)], leaving),
      sell(Leg.Exit, 1),
    ),
    c(
      'waits for an exit on its way',
      holding('1', [filledEntry, stop(Cancelled), exit(Unknown)], leaving),
      WAIT,
    ),
    c(
      'waits for an exit that fills',
      holding('0.5', [filledEntry, stop(Cancelled), exit(Open)], leaving),
      WAIT,
    ),
    c(
      'tries again after a refusal',
      holding('1', [filledEntry, stop(Cancelled), exit(Rejected)], leaving),
      sell(Leg.Exit, 1),
    ),
    c(
      'sells the rest of an exit that found no more buyers',
      holding('0.5', [filledEntry, stop(Cancelled), exit(Expired, { filled: '0.5' })], leaving),
      sell(Leg.Exit, 1),
    ),
    c(
      'is over when all is sold',
      holding('0', [filledEntry, stop(Cancelled), exit(Filled)], leaving),
      SETTLE,
    ),
    c(
      'is over when only dust is left',
      holding('0.000009', [filledEntry, stop(Cancelled), exit(Filled)], leaving),
      SETTLE,
    ),
    c(
      'is not over while an exit may be live',
      holding('0', [filledEntry, stop(Cancelled), exit(Unknown)], leaving),
      WAIT,
    ),
    c(
      'waits for an exit of the emergency stop, after the halt',
      holding('1', [filledEntry, stop(Cancelled), emergency(Open)], leaving),
      WAIT,
    ),
    c(
      'takes back what the emergency stop planned and never sent',
      holding('1', [filledEntry, stop(Open), emergency(Created, { replaces: 'stop-0' })], leaving),
      cancel(emergency(Created, { replaces: 'stop-0' })),
    ),
  ])('$what', ({ position, step }) => {
    expect(nextStep(position, TradingMode.Active, BEFORE)).toEqual(step);
    expect(nextStep(position, TradingMode.Reducing, BEFORE)).toEqual(step);
  });
});

describe('a halt', () => {
  it.each([
    c('leaves an unsent entry', holding('0', [entry(Created), stop(Created)]), WAIT),
    c('leaves a naked holding to the emergency stop', holding('1', [filledEntry, stop(Created)]), WAIT),
    c('leaves an exit alone', holding('1', [filledEntry, stop(Open)], leaving), WAIT),
    c(
      'still settles what is flat',
      holding('0', [filledEntry, stop(Cancelled), emergency(Filled)], leaving),
      SETTLE,
    ),
  ])('$what', ({ position, step }) => {
    expect(nextStep(position, TradingMode.Halted, AT_EXPIRY)).toEqual(step);
  });
});

describe('the emergency stop', () => {
  const ordinary = exit(Created, { replaces: 'stop-0' });
  it.each([
    c('cancels a resting entry', holding('0', [entry(Open), stop(Created)]), cancel(entry(Open))),
    c('withdraws an unsent one', holding('0', [entry(Created), stop(Created)]), cancel(entry(Created))),
    c('waits for an entry of unknown fate', holding('0', [entry(Unknown), stop(Created)]), WAIT),
    c('cancels the entry before it protects', holding('0.4', [openEntry, stop(Created)]), cancel(openEntry)),
    c("sells in the stop's place", holding('1', [filledEntry, stop(Open)]), sell(Leg.Emergency, 0, 'stop-0')),
    c('sells what nothing guards', holding('1', [filledEntry, stop(Created)]), sell(Leg.Emergency, 0)),
    c('waits for an ordinary exit on its way', holding('1', [filledEntry, stop(Open), exit(Sending)]), WAIT),
    c(
      'takes back an ordinary exit never sent',
      holding('1', [filledEntry, stop(Open), ordinary]),
      cancel(ordinary),
    ),
    c(
      'tries again after a refusal',
      holding('1', [filledEntry, stop(Cancelled), emergency(Rejected)]),
      sell(Leg.Emergency, 1),
    ),
    c('takes back a stop over dust', holding('0.000001', [filledEntry, stop(Open)]), cancel(stop(Open))),
    c(
      'is done when nothing is left',
      holding('0', [filledEntry, stop(Cancelled), emergency(Filled)]),
      SETTLE,
    ),
  ])('$what', ({ position, step }) => {
    expect(emergencyStep(position)).toEqual(step);
  });
});

describe('what can be sold', () => {
  it.each([
    ['0', '0', 'dust'],
    ['0.000009', '0', 'dust'],
    ['0.0555555', '0.05555', 'below-min-notional'],
    ['0.0555999', '0.05559', undefined],
    ['1', '1', undefined],
  ])('of %s held is %s (%s)', (held, quantity, dust) => {
    const position = holding(held, [], { stopPrice: decimal('89.95') });
    expect(sellable(position)).toEqual({ quantity, dust });
  });
});

describe('the pause between orders', () => {
  const exits = (...states: OrderState[]): PositionView =>
    holding('1', [filledEntry, ...states.map((state, sequence) => exit(state, { sequence }))]);

  it.each([
    ['none at first', exits(), 0],
    ['none after one that filled', exits(Filled), 0],
    ['a quarter of a second after a refusal', exits(Rejected), 250],
    ['twice that after the second', exits(Rejected, Abandoned), 500],
    ['after one that found no buyer at all', exits(Expired, Expired, Expired), 1_000],
    ['at most half a minute', exits(...Array.from({ length: 20 }, () => Rejected)), 30_000],
    ['none once one got through', exits(Rejected, Rejected, Cancelled), 0],
    ['not counting one never sent', exits(Rejected, Created), 250],
  ])('is %s', (_, position, ms) => {
    expect(backoffMs(position, Leg.Exit)).toBe(ms);
  });

  describe('of stops that somebody takes back', () => {
    const MINUTE_MS = 60_000;
    /** One stop after the other, each sent so long after the one before, and the last as it is now. */
    const taken = (apartMs: number, ...states: OrderState[]): PositionView =>
      holding('1', [
        filledEntry,
        ...states.map((state, sequence) =>
          stop(state, { sequence, clientOrderId: `stop-${sequence}`, sendDeadlineMs: sequence * apartMs }),
        ),
      ]);

    it.each([
      ['none after the first', taken(1, Cancelled), 0],
      ['a quarter of a second after the second', taken(1, Cancelled, Cancelled), 250],
      ['twice that after the third', taken(1, Cancelled, Cancelled, Cancelled), 500],
      ['likewise when some were refused', taken(1, Cancelled, Rejected, Cancelled), 500],
      ['none while one rests', taken(1, Cancelled, Cancelled, Open), 0],
      ['none when each had rested for long', taken(MINUTE_MS + 1, Cancelled, Cancelled, Cancelled), 0],
    ])('is %s', (_, position, ms) => {
      expect(backoffMs(position, Leg.Stop)).toBe(ms);
    });

    it('does not count those that we have replaced', () => {
      const trailed = [0, 1, 2].map((sequence) =>
        stop(Cancelled, {
          ...{ sequence, clientOrderId: `stop-${sequence}`, sendDeadlineMs: sequence },
          replaces: sequence === 0 ? null : `stop-${sequence - 1}`,
        }),
      );
      expect(backoffMs(holding('1', [filledEntry, ...trailed]), Leg.Stop)).toBe(0);
    });
  });

  it('is none after an exit that sold something before it expired', () => {
    const position = holding('0.5', [filledEntry, exit(Expired, { filled: '0.5' })]);
    expect(backoffMs(position, Leg.Exit)).toBe(0);
  });
});

describe('on a pair that the exchange has delisted', () => {
  const gone = { delistedAtMs: WALL_MS };
  const ended = stop(Cancelled, { quantity: '1', reason: DELISTED_REASON });

  it.each([
    c('nothing is sent for what is held', holding('1', [filledEntry, ended], gone), WAIT),
    c('nor sold by an exit', holding('1', [filledEntry, ended], { ...gone, ...leaving }), WAIT),
    c(
      'an unsent entry is withdrawn',
      holding('0', [entry(Created), stop(Created)], gone),
      cancel(entry(Created)),
    ),
    c('an entry on its way is waited for', holding('0', [entry(Unknown), stop(Created)], gone), WAIT),
    c('what holds nothing is over', holding('0', [filledEntry, ended], gone), SETTLE),
  ])('$what, by its owner and in an emergency', ({ position, step }) => {
    expect(nextStep(position, TradingMode.Active, BEFORE)).toEqual(step);
    expect(emergencyStep(position)).toEqual(step);
  });

  it.each<[string, PositionView, boolean]>([
    ['what is held is stranded', holding('1', [filledEntry, ended], gone), true],
    ['not while an order may still change it', holding('1', [filledEntry, stop(Unknown)], gone), false],
    ['not while its entry is not over', holding('1', [openEntry, ended], gone), false],
    ['nor what holds nothing', holding('0', [filledEntry, ended], gone), false],
    ['nor what is on a listed pair', holding('1', [filledEntry, ended]), false],
  ])('%s', (_, position, stranded) => {
    expect(isStranded(position)).toBe(stranded);
    expect(isBare(position) && isStranded(position)).toBe(false);
  });

  it('and lists again, it is protected again', () => {
    const position = holding('1', [filledEntry, ended], { delistedAtMs: null });
    expect(nextStep(position, TradingMode.Active, BEFORE)).toEqual(sendStop(1));
  });
});

it.each([DELISTED_REASON, MARKET_CLOSED_REASON])(
  'a stop that was refused as %s is sent again, however often that happens',
  (reason) => {
    const refusals = Array.from({ length: 20 }, (_, sequence) => stop(Rejected, { sequence, reason }));
    const position = holding('1', [filledEntry, ...refusals]);
    expect(nextStep(position, TradingMode.Active, BEFORE)).toEqual(sendStop(20));
  },
);

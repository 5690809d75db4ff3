import fc from 'fast-check';
import { isTerminal, mayBeLive, OrderEvent, OrderState, transition } from '../../domain/order';
import './fixtures';

const states = Object.values(OrderState);
const events = Object.values(OrderEvent);

/** What the exchange says about its own order, by the event that carries the word. */
const WORD = {
  'seen-open': 'open',
  'seen-triggered': 'open',
  'seen-filled': 'filled',
  'seen-cancelled': 'cancelled',
  'seen-expired': 'expired',
  'seen-rejected': 'rejected',
} as const;
type Word = keyof typeof WORD;
const WORDS = Object.keys(WORD) as Word[];
const isWord = (event: OrderEvent): event is Word => event in WORD;

/** The rules, written without a look at the table. */
function expected(state: OrderState, event: OrderEvent): OrderState {
  if (isWord(event)) {
    const word = WORD[event];
    // A fill cannot be undone, and is believed whatever was believed before.
    if (state === 'filled' || word === 'filled') return 'filled';
    // The exchange's end of an accepted order is final; whatever else arrives is older news.
    if (state === 'cancelled' || state === 'expired') return state;
    // In every other state, ours included (rejected, abandoned), the exchange knows better.
    return word;
  }
  const inFlight = state === 'sending' || state === 'unknown';
  switch (event) {
    // Only an order that was never sent may be sent or withdrawn.
    case 'send-begun':
      return state === 'created' ? 'sending' : state;
    case 'withdrawn':
      return state === 'created' ? 'abandoned' : state;
    // Only an attempt under way can have an outcome. That nobody has found its order yet is not the end of it.
    case 'ambiguous':
      return state === 'sending' ? 'unknown' : state;
    case 'not-executed':
      return inFlight ? 'created' : state;
    case 'refused':
      return inFlight ? 'rejected' : state;
    // Absence can be proven only of an order whose fate is open.
    case 'proven-absent':
      return inFlight ? 'abandoned' : state;
  }
}

describe('every state × event', () => {
  const cases = states.flatMap((state) =>
    events.map((event) => [state, event, expected(state, event)] as const),
  );

  test.each(cases)('%s + %s → %s', (state, event, next) => {
    expect(transition(state, event)).toBe(next);
  });

  it('covers nine states and twelve events', () => {
    expect(cases).toHaveLength(9 * 12);
  });
});

describe('any sequence of news', () => {
  const anyState = fc.constantFrom(...states);
  const anyEvent = fc.constantFrom(...events);
  const after = (news: readonly OrderEvent[], from: OrderState): OrderState => news.reduce(transition, from);

  it('always leads to a known state', () => {
    fc.assert(
      fc.property(anyState, fc.array(anyEvent), (state, news) => states.includes(after(news, state))),
    );
  });

  it('is not changed by hearing the same thing twice', () => {
    fc.assert(
      fc.property(anyState, anyEvent, (state, event) => {
        expect(after([event, event], state)).toBe(transition(state, event));
      }),
    );
  });

  it('never takes a fill back', () => {
    fc.assert(
      fc.property(fc.array(anyEvent), fc.array(anyEvent), (before, later) => {
        expect(after([...before, 'seen-filled', ...later], 'created')).toBe('filled');
      }),
    );
  });

  it('never sends an order that the exchange has shown', () => {
    const seen = fc.constantFrom(...WORDS);
    fc.assert(
      fc.property(fc.array(anyEvent), seen, fc.array(anyEvent), (before, word, later) => {
        expect(['created', 'sending', 'unknown']).not.toContain(
          after([...before, word, ...later], 'created'),
        );
      }),
    );
  });

  it('never revives an order that the exchange ended', () => {
    const ended = fc.constantFrom<OrderEvent>('seen-cancelled', 'seen-expired', 'seen-filled');
    fc.assert(
      fc.property(fc.array(anyEvent), ended, fc.array(anyEvent), (before, end, later) => {
        expect(isTerminal(after([...before, end, ...later], 'created'))).toBe(true);
      }),
    );
  });
});

test.each(states)('%s is one of: not sent, possibly at the exchange, over', (state) => {
  const is = [state === 'created', mayBeLive(state), isTerminal(state)];
  expect(is.filter(Boolean)).toHaveLength(1);
});

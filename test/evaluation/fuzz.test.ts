import fc from 'fast-check';
import { panelQuestion } from '../../adapters/llm/panel-question';
import { decimal, lessThan } from '../../domain/decimal';
import { readSeatAnswer } from '../../domain/deliberation/answers';
import { Seat } from '../../domain/deliberation/seats';
import { combineMood } from '../../domain/news/mood';
import { ACCOUNTS, BRIEF, settingsOf, sit, sized } from './panel-bench';
import { managerOver } from './scripted-model';
import { answerOf } from './scripted-seats';

const number = fc.oneof(
  fc.double(),
  fc.constantFrom(
    'NaN',
    'Infinity',
    '-Infinity',
    '1e999',
    '-1e999',
    '1e-320',
    '0x10',
    '١',
    '９９',
    '-0',
    '1_000',
  ),
  fc.bigInt().map(String),
);
const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), number, fc.constant(null));

/** Answers that are nearly valid: one field is replaced, added or left out, the text is cut or repeated. */
const nearly = fc
  .record({
    seat: fc.constantFrom(...Object.values(Seat)),
    verdict: fc.constantFrom('confirm', 'shrink', 'oppose', 'veto', 'enlarge', 'CONFIRM', 'buy', ''),
    factor: fc.oneof(fc.double(), fc.constantFrom(0, 1, 2, 1e308, -1, 0.05, 0.95, 0.5)),
    field: fc.constantFrom(
      'verdict',
      'sizeFactor',
      'confidence',
      'reasons',
      'quantity',
      '__proto__',
      'stopPrice',
    ),
    replaced: value,
    cut: fc.option(fc.integer({ min: 0, max: 120 })),
    frame: fc.constantFrom('', '```json\n', '<think>', '[', '{"answer":'),
  })
  .map(({ seat, verdict, factor, field, replaced, cut, frame }) => {
    const fields = JSON.parse(answerOf(seat, verdict, factor)) as Record<string, unknown>;
    const text = `${frame}${JSON.stringify({ ...fields, [field]: replaced })}${frame === '```json\n' ? '\n```' : ''}`;
    return cut === null ? text : text.slice(0, cut);
  });

/** Anything that can come over a wire as a text. */
const raw = fc.oneof(
  { weight: 4, arbitrary: nearly },
  fc.uint8Array({ maxLength: 200 }).map((bytes) => new TextDecoder().decode(bytes)),
  fc.string({ unit: 'binary', maxLength: 200 }),
  value.map((one) => JSON.stringify(one)),
  fc.integer({ min: 1, max: 5_000 }).map((depth) => '['.repeat(depth)),
  fc.integer({ min: 1, max: 2_000 }).map((depth) => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)),
  number.map((one) => `{"verdict":"shrink","sizeFactor":${String(one)},"confidence":1,"reasons":["x"]}`),
  fc.constant(answerOf(Seat.Supervisor, 'confirm')),
);

/** Each call takes the next; the repair hears another than the first. */
function managerSaying(answers: readonly string[]) {
  let next = 0;
  return managerOver(() => ({ text: answers[next++ % answers.length] ?? '', toolCalls: [] }));
}

it('whatever models write, the panel’s factor is above zero and at most one, or there is no entry', async () => {
  const confirm = sized(ACCOUNTS.active ?? fail(), decimal('1'));
  if (confirm?.approved !== true) throw new Error('The proposal is not granted without a panel.');
  await fc.assert(
    fc.asyncProperty(
      fc.array(raw, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 4 }),
      async (answers, quorum) => {
        const manager = managerSaying(answers);
        const { outcome, sizeFactor } = await sit(manager, BRIEF, settingsOf({ quorum }));
        await manager.close();
        expect(sizeFactor === null).toBe(outcome === 'veto');
        if (sizeFactor === null) return;
        expect(Number(sizeFactor) > 0 && Number(sizeFactor) <= 1).toBe(true);
        for (const [what, snapshot] of Object.entries(ACCOUNTS)) {
          const verdict = sized(snapshot, sizeFactor);
          // What risk refuses without a panel it refuses with one.
          if (what !== 'active') expect(verdict).toMatchObject({ approved: false });
          if (verdict?.approved !== true) continue;
          const { quantity, riskQuote, reservedQuote, ...prices } = verdict.intent;
          const whole = confirm.intent;
          expect(lessThan(whole.quantity, quantity)).toBe(false);
          expect(lessThan(whole.riskQuote, riskQuote)).toBe(false);
          expect(lessThan(whole.reservedQuote, reservedQuote)).toBe(false);
          expect(whole).toMatchObject(prices);
        }
      },
    ),
    { numRuns: 80 },
  );
});

it('an answer counts only as its seat’s schema reads it, whatever else is in it', async () => {
  await fc.assert(
    fc.asyncProperty(raw, fc.constantFrom(...Object.values(Seat)), async (text, seat) => {
      const manager = managerSaying([text]);
      const reply = await manager.ask(panelQuestion({ round: 1, seat, role: seat }, settingsOf(), BRIEF, []));
      await manager.close();
      if (reply.answered) expect(readSeatAnswer(seat, reply.value)).toEqual(reply.value);
      else expect(reply.kind).toBe('malformed');
    }),
    { numRuns: 150 },
  );
});

it('whatever scores come, a mood is from −1 to 1 or there is none', () => {
  const sentiment = fc.option(fc.double({ min: -1, max: 1, noNaN: true }));
  const story = fc.record({
    timeMs: fc.integer({ min: 0, max: 100 * 3_600_000 }),
    sentiment,
    breaking: fc.boolean(),
    relevance: fc.double({ min: 0, max: 1, noNaN: true }),
    sources: fc.subarray(['a', 'b']),
  });
  const sources = [
    { name: 'a', weight: 1, answered: true },
    { name: 'b', weight: 3, answered: true },
  ];
  fc.assert(
    fc.property(fc.array(story, { maxLength: 20 }), (stories) => {
      const settings = { halfLifeMs: 3_600_000, maxAgeMs: 48 * 3_600_000 };
      const mood = combineMood(sources, stories, settings, 100 * 3_600_000);
      expect(mood === null || Math.abs(mood.score) <= 1 + 1e-9).toBe(true);
    }),
  );
});

const fail = (): never => {
  throw new Error('There is no such account.');
};

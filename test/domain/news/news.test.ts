import * as fc from 'fast-check';
import { fingerprint, isSameStory, normalisedTitle, resemblance } from '../../../domain/news/headline';
import { subjectsOf } from '../../../domain/news/lexicon';
import { combineMood, moodTrend, type MoodSource, type MoodStory } from '../../../domain/news/mood';
import { assignStories } from '../../../domain/news/stories';

const HOUR_MS = 3_600_000;
const NOW_MS = 1_000 * HOUR_MS;
const isSame = (a: string, b: string): boolean => isSameStory(fingerprint(a), fingerprint(b));

describe('headlines of the same story', () => {
  it.each([
    ['Bitcoin ETF inflows reach record high', 'BITCOIN ETF INFLOWS REACH RECORD HIGH - CoinTelegraph'],
    [
      'SEC approves spot Solana ETF in landmark decision',
      'SEC approves spot Solana ETF in a landmark decision today',
    ],
    ['Café chain accepts $1,000 in bitcoin', 'Cafe chain accepts $1000 in Bitcoin | Decrypt'],
  ])('%s = %s', (a, b) => {
    expect(isSame(a, b)).toBe(true);
  });

  it.each([
    ['SEC approves spot Solana ETF in landmark decision', 'SEC rejects spot Solana ETF in landmark decision'],
    [
      'Bitcoin ETFs see record weekly inflows of $2 billion',
      'Bitcoin ETFs see record weekly outflows of $2 billion',
    ],
    ['Bitcoin rises above $60,000', 'Bitcoin falls below $60,000'],
    ['Kraken lists Cardano', 'Ethereum upgrade goes live on mainnet'],
    ['!!!', '???'],
  ])('%s ≠ %s', (a, b) => {
    expect(isSame(a, b)).toBe(false);
  });

  it('are estimated within the error of the signature', () => {
    // 10 of 20 shingles and 9 of 18 pairs of neighbours: a Jaccard index of 19 / 39 of words w0..w9 in w0..w19.
    const words = Array.from({ length: 20 }, (_, index) => `w${index}`);
    const estimate = resemblance(fingerprint(words.join(' ')), fingerprint(words.slice(0, 10).join(' ')));
    expect(Math.abs(estimate - 19 / 39)).toBeLessThan(3 * 0.0442);
  });

  it('keep a short title whole, a dash in it or not', () => {
    expect(normalisedTitle('Bitcoin - Decrypt')).toBe('bitcoin decrypt');
  });

  it('are merged when they are close in time and name the same assets, in an order that is repeatable', () => {
    const one = (id: string, title: string, hours = 0) => ({ id, title, timeMs: NOW_MS + hours * HOUR_MS });
    const title = 'Exchange lists new token after weeks of delay';
    const stories = assignStories(
      [
        one('a', `Bitcoin: ${title}`),
        one('b', `Bitcoin: ${title} - Decrypt`),
        one('c', `Solana: ${title}`),
        one('d', title, 72),
      ],
      [{ storyId: 'z', title, timeMs: NOW_MS }],
    );
    expect([...stories]).toEqual([
      ['a', 'a'],
      ['b', 'a'],
      ['c', 'c'],
      ['d', 'd'],
    ]);
    expect(assignStories([one('e', title, 1)], [{ storyId: 'z', title, timeMs: NOW_MS }]).get('e')).toBe('z');
  });
});

describe('what a headline is about', () => {
  it.each([
    ['BREAKING: SEC sues Binance over unregistered securities', [], ['regulation', 'exchange'], true],
    ['Bitcoin and $SOL slide as Fed holds interest rates', ['BTC', 'SOL'], ['macro'], false],
    ['Click this link to see how ada lovelace did it', [], [], false],
    ['Cross-chain bridge drained of $40M in ETH', ['ETH'], ['hack'], true],
    ['Crypto market shrugs off inflation print', ['CRYPTO'], ['macro'], false],
    ['Coinbase to list AVAX perpetuals', ['AVAX'], ['listing', 'exchange'], false],
    ['LINK IN BIO FOR MORE', [], [], false],
  ])('%s', (title, assets, topics, breaking) => {
    expect(subjectsOf(title)).toEqual({ assets, topics, breaking });
  });
});

const SETTINGS = { halfLifeMs: 6 * HOUR_MS, maxAgeMs: 48 * HOUR_MS };
const story = (values: Partial<MoodStory>): MoodStory => ({
  ...{ timeMs: NOW_MS, sentiment: 0.5, breaking: false, relevance: 1, sources: ['a'] },
  ...values,
});
const source = (name: string, weight = 1, answered = true): MoodSource => ({ name, weight, answered });

describe('the combined mood', () => {
  it('weighs sources, ages and relevance by the written formula', () => {
    const mood = combineMood(
      [source('a', 3), source('b', 1), source('c', 2, false), source('d', 2)],
      [
        story({ sentiment: 1, timeMs: NOW_MS - 6 * HOUR_MS }),
        story({ sentiment: -0.5, relevance: 0.5, breaking: true, timeMs: NOW_MS - 12 * HOUR_MS }),
        story({ sentiment: -1, sources: ['b', 'c'], timeMs: NOW_MS - HOUR_MS }),
        story({ sentiment: 1, sources: ['c'] }),
        story({ sentiment: null }),
      ],
      SETTINGS,
      NOW_MS,
    );
    const opinion = (0.5 * 1 + 0.125 * -0.5) / 0.625;
    expect(mood).toEqual({
      score: (3 * opinion - 1) / 4,
      timeMs: NOW_MS - HOUR_MS,
      ageMs: HOUR_MS,
      breaking: false,
      stories: 3,
      missing: 2 / 8,
      silent: 2 / 8,
    });
  });

  it.each([
    ['nobody answered', [source('a', 1, false)], [story({})]],
    ['there is no story', [source('a')], []],
    ['no story has a score', [source('a')], [story({ sentiment: null })]],
    [
      'every story is too old, or not yet told',
      [source('a')],
      [story({ timeMs: 0 }), story({ timeMs: NOW_MS + 1 })],
    ],
  ])('is missing, not neutral, when %s', (_, sources, stories) => {
    expect(combineMood(sources, stories, SETTINGS, NOW_MS)).toBeNull();
  });

  const anyStory = fc.record({
    timeMs: fc.integer({ min: NOW_MS - 60 * HOUR_MS, max: NOW_MS + HOUR_MS }),
    sentiment: fc.option(fc.double({ min: -1, max: 1, noNaN: true })),
    breaking: fc.boolean(),
    relevance: fc.constantFrom(0, 0.5, 1),
    sources: fc.subarray(['a', 'b', 'c'], { minLength: 1 }),
  });
  const anySources = fc
    .tuple(fc.double({ min: 0.1, max: 5, noNaN: true }), fc.boolean(), fc.boolean(), fc.boolean())
    .map(([weight, ...answered]) =>
      answered.map((did, at) => source('abc'[at] ?? '', weight * (at + 1), did)),
    );

  it('lies among the sentiments of what was heard; shares are shares; a source that did not answer changes no score', () => {
    fc.assert(
      fc.property(anySources, fc.array(anyStory, { maxLength: 12 }), (sources, stories) => {
        const mood = combineMood(sources, stories, SETTINGS, NOW_MS);
        const heard = sources.filter(({ answered }) => answered);
        expect(combineMood(heard, stories, SETTINGS, NOW_MS)?.score).toBe(mood?.score);
        if (mood === null) return;
        const told = stories.flatMap(({ sentiment }) => (sentiment === null ? [] : [sentiment]));
        expect(mood.score).toBeGreaterThanOrEqual(Math.min(...told) - 1e-12);
        expect(mood.score).toBeLessThanOrEqual(Math.max(...told) + 1e-12);
        expect(mood.missing).toBeGreaterThanOrEqual(0);
        expect(mood.missing + mood.silent).toBeLessThan(1);
      }),
    );
  });

  it('follows each story: a better one never makes it worse', () => {
    fc.assert(
      fc.property(anySources, fc.array(anyStory, { minLength: 1, maxLength: 8 }), (sources, stories) => {
        const mood = combineMood(sources, stories, SETTINGS, NOW_MS);
        const [first, ...others] = stories;
        if (first?.sentiment === null || first === undefined) return;
        const better = combineMood(sources, [{ ...first, sentiment: 1 }, ...others], SETTINGS, NOW_MS);
        expect((better?.score ?? 0) - (mood?.score ?? 0)).toBeGreaterThanOrEqual(-1e-12);
      }),
    );
  });

  it('has a trend only when there is something to compare with', () => {
    expect(moodTrend([])).toBeNull();
    expect(moodTrend([0.4])).toBeNull();
    expect(moodTrend([0, 0.2, 0.4])).toBeCloseTo(0.3);
  });
});

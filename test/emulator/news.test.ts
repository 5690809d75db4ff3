import { parseHeadlines } from '../../adapters/news/parse-feed';
import { DEMONSTRATION_FEEDS, DEMONSTRATION_LABEL, demonstrationPath } from '../../domain/news/demonstration';
import { isSameStory, fingerprint } from '../../domain/news/headline';
import { subjectsOf } from '../../domain/news/lexicon';
import { eventsOfDay, newsOfDay, NEWS_IMPACT } from '../../emulator/market/news-events';
import { openMarketSource } from '../../emulator/market/open-market';
import { openSimulator, SIMULATION_START_MS } from '../../emulator/market/simulator';
import { demonstrationWire } from '../../emulator/news/demonstration-wire';
import { headlineFor, retold } from '../../emulator/news/headlines';
import { simulatedWire } from '../../emulator/news/simulated-wire';
import { Client, Fixture } from './client';
import { scriptedMarket, START_MS } from './scripted-market';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const ASSETS = ['BTC', 'ETH', 'SOL', 'XRP', 'BNB'];
const SEED = 3;
const days = Array.from({ length: 30 }, (_, day) => day);
const events = days.flatMap((day) => eventsOfDay(SEED, day, ASSETS).map((event) => ({ day, ...event })));
const fixture = new Fixture();
afterAll(() => fixture.end());

describe('the events of a simulated market', () => {
  it('are noise, wrong, or what prices follow', () => {
    const share = (of: (event: (typeof events)[number]) => boolean): number =>
      events.filter(of).length / events.length;
    expect(events.length / days.length).toBeGreaterThan(6);
    expect(share(({ tone }) => tone === 0)).toBeGreaterThan(0.2);
    expect(share(({ tone, effect }) => tone * effect > 0)).toBeGreaterThan(0.4);
    expect(share(({ tone, effect }) => tone !== 0 && tone * effect <= 0)).toBeGreaterThan(0.1);
    expect(events.every(({ tone, effect }) => tone !== 0 || effect === 0)).toBe(true);
  });

  it('are felt by what they are about from their minute on, over midnight too, and wear off', () => {
    const at = ASSETS.indexOf('BTC');
    const last = events.findLast(
      ({ effect, minute, asset }) => effect !== 0 && minute > 1_380 && asset !== 'ETH',
    );
    if (last === undefined) throw new Error('no late event');
    const index = last.asset === null ? at : ASSETS.indexOf(last.asset);
    const today = newsOfDay(NEWS_IMPACT, SEED, last.day, ASSETS)[index];
    expect(Math.sign(today?.drift[last.minute] ?? 0)).toBe(Math.sign(last.effect));
    const tomorrow = newsOfDay(NEWS_IMPACT, SEED, last.day + 1, ASSETS)[index];
    expect(tomorrow?.volatility[0]).toBeGreaterThan(1);
    const quiet = newsOfDay(NEWS_IMPACT, SEED, 0, ['DOGE'])[0];
    expect(quiet?.drift.length).toBe(1_440);
  });

  it('move prices on the average by what they say, and leave a market without news as it is', () => {
    const [still, moved] = [openSimulator({ seed: SEED }), openSimulator({ seed: SEED, news: true })];
    const barAt = (market: typeof still, symbol: string, timeMs: number) =>
      market.bars(symbol, timeMs, timeMs + MINUTE_MS)[0];
    expect(openSimulator({ seed: SEED, news: false }).bars('ETHUSDT', START_MS, START_MS + HOUR_MS)).toEqual(
      still.bars('ETHUSDT', START_MS, START_MS + HOUR_MS),
    );
    let told = 0;
    for (const { day, minute, asset, effect } of events.filter((one) => one.asset !== null && one.day < 6)) {
      const atMs = SIMULATION_START_MS + day * DAY_MS + minute * MINUTE_MS;
      const gained = (market: typeof still): number => {
        const [before, after] = [
          barAt(market, `${asset}USDT`, atMs),
          barAt(market, `${asset}USDT`, atMs + 2 * HOUR_MS),
        ];
        return Math.log((after?.close ?? NaN) / (before?.open ?? NaN));
      };
      // The same market otherwise: the difference is what the news make of it.
      if (effect !== 0) told += Math.sign(effect) * (gained(moved) - gained(still));
    }
    const followed = events.filter((one) => one.asset !== null && one.day < 6 && one.effect !== 0).length;
    expect(told / followed).toBeGreaterThan(0.003);
  });
});

describe('the headlines', () => {
  const wire = simulatedWire(SEED, ASSETS, SIMULATION_START_MS);
  const of = (feed: 'wire' | 'gazette') =>
    wire.items(feed, SIMULATION_START_MS - 1, SIMULATION_START_MS + 5 * DAY_MS);

  it.each(ASSETS)('about %s are about it, breaking or not, and stay one story when told again', (asset) => {
    for (const tone of [-1, 0, 1] as const)
      for (let pick = 0; pick < 10; pick += 1) {
        const title = headlineFor(asset, tone, pick);
        expect([title, subjectsOf(title).assets]).toEqual([title, [asset]]);
        const again = retold(title, pick);
        expect([again, isSameStory(fingerprint(title), fingerprint(again))]).toEqual([again, true]);
      }
  });

  it('about the market are about the market', () => {
    for (const tone of [-1, 0, 1] as const)
      for (let pick = 0; pick < 6; pick += 1)
        expect(subjectsOf(headlineFor(null, tone, pick)).assets).toEqual(['CRYPTO']);
  });

  it('come in parts as they come in one, each once in its feed, some in both', () => {
    for (const feed of ['wire', 'gazette'] as const) {
      const whole = of(feed);
      const noonMs = SIMULATION_START_MS + 2.5 * DAY_MS;
      expect([
        ...wire.items(feed, SIMULATION_START_MS - 1, noonMs),
        ...wire.items(feed, noonMs, SIMULATION_START_MS + 5 * DAY_MS),
      ]).toEqual(whole);
      expect(new Set(whole.map(({ id }) => id)).size).toBe(whole.length);
    }
    const ids = new Set(of('wire').map(({ id }) => id.replace('wire-', '')));
    const both = of('gazette').filter(({ id }) => ids.has(id.replace('gazette-', '')));
    expect(both.length).toBeGreaterThan(3);
    expect(both.length).toBeLessThan(of('gazette').length);
  });

  it('beside a recording are about nothing, and alarm nobody', () => {
    for (const feed of DEMONSTRATION_FEEDS) {
      const items = demonstrationWire.items(feed, START_MS, START_MS + 2 * DAY_MS);
      expect(items.length).toBeGreaterThan(2);
      for (const { title } of items)
        expect([title, subjectsOf(title)]).toEqual([title, { assets: [], topics: [], breaking: false }]);
    }
  });
});

describe('the feeds', () => {
  const ask = (url: string, headers: Record<string, string> = {}) => fetch(url, { headers });

  it('tell what has been published by market time, and that nothing is new', async () => {
    const source = await openMarketSource({ seed: SEED, news: true });
    const emulator = await fixture.start({ source });
    const client = new Client(emulator);
    const url = emulator.url + demonstrationPath('wire');
    const first = await ask(url);
    const text = await first.text();
    expect(first.headers.get('content-type')).toContain('rss');
    expect(text).toContain(DEMONSTRATION_LABEL);
    const wire = source.news?.items('wire', source.sessionStartMs - 2 * DAY_MS, source.sessionStartMs);
    const told = parseHeadlines(text, source.sessionStartMs);
    expect(told.map(({ title, publishedMs }) => [title, publishedMs])).toEqual(
      wire?.toReversed().map(({ title, publishedMs }) => [title, publishedMs]),
    );
    const [etag, modified] = [first.headers.get('etag') ?? '', first.headers.get('last-modified') ?? ''];
    expect(Date.parse(modified)).toBe(wire?.at(-1)?.publishedMs);
    expect((await ask(url, { 'if-none-match': `"other", W/${etag}` })).status).toBe(304);
    expect((await ask(url, { 'if-modified-since': modified })).status).toBe(304);
    expect((await ask(url, { 'if-none-match': '"other"', 'if-modified-since': modified })).status).toBe(200);
    await client.advance(source.sessionStartMs + 8 * HOUR_MS);
    const later = await ask(url, { 'if-none-match': etag, 'if-modified-since': modified });
    expect(later.status).toBe(200);
    const newest = parseHeadlines(await later.text(), source.sessionStartMs + 8 * HOUR_MS)[0];
    expect(newest?.publishedMs).toBeGreaterThan(source.sessionStartMs);
  });

  it('can be made to fail like any endpoint, and are not there where the market has none', async () => {
    const emulator = await fixture.start({ source: await openMarketSource({ seed: SEED, news: true }) });
    const client = new Client(emulator);
    await client.control('POST /emulator/faults', {
      kind: 'status',
      status: 503,
      match: 'GET /news/wire.rss',
    });
    await client.control('POST /emulator/faults', { kind: 'status', status: 500, match: '*' });
    expect((await ask(`${emulator.url}/news/wire.rss`)).status).toBe(503);
    expect((await ask(`${emulator.url}/news/wire.rss`)).status).toBe(200);
    expect((await ask(`${emulator.url}/news/other.rss`)).status).toBe(404);
    const without = await fixture.start({ source: scriptedMarket([]) });
    const answer = await ask(`${without.url}/news/wire.rss`);
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining('ask real ones')]);
  });

  it('keep a session to a market that news move, or to one that they do not', async () => {
    const folder = fixture.folder();
    const open = async (news: boolean) =>
      fixture.start({ source: await openMarketSource({ seed: SEED, news }), journalDir: folder });
    await fixture.stop(await open(true));
    await expect(open(false)).rejects.toThrow('--news');
    await fixture.stop(await open(true));
  });
});

import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDerivatives } from '../../../adapters/exchange/derivatives';
import { fearGreedGauge } from '../../../adapters/news/fear-greed';
import type { FeedAnswer, FeedValidators, NewsSource } from '../../../adapters/news/port';
import { redditSource } from '../../../adapters/news/reddit';
import { xSource } from '../../../adapters/news/x';

const NOW_MS = Date.UTC(2026, 0, 10, 12);
const NOTHING: FeedValidators = { etag: null, lastModified: null };
const signal = new AbortController().signal;

let server: Server;
let answer: RequestListener;
let asked: IncomingMessage[] = [];
let wallMs = NOW_MS;
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => {
  asked = [];
  wallMs = NOW_MS;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const json = (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}) =>
  [status, { 'content-type': 'application/json; charset=UTF-8', ...headers }, JSON.stringify(body)] as const;
type Told = ReturnType<typeof json>;
/** Each answer once, by what its path begins with; the last of a path again and again. */
function serve(answers: Readonly<Record<string, readonly Told[]>>): void {
  const counts = new Map<string, number>();
  answer = (request, response) => {
    const path = Object.keys(answers).find((one) => request.url?.startsWith(one) === true) ?? '';
    const list = answers[path] ?? [];
    const count = counts.get(path) ?? 0;
    counts.set(path, count + 1);
    const [status, headers, body] = list[Math.min(count, list.length - 1)] ?? json({}, 404);
    response.writeHead(status, headers).end(body);
  };
}
const read = (source: NewsSource, known = NOTHING): Promise<FeedAnswer> => source.read(known, NOW_MS, signal);
const titles = (told: FeedAnswer): readonly string[] =>
  told.kind === 'told' ? told.headlines.map(({ title }) => title) : [];
const common = { weight: 1, timeoutMs: 5_000, wallTimeMs: () => wallMs };

describe('reddit', () => {
  const TOKEN = '/api/v1/access_token';
  const LIST = '/r/CryptoCurrency+Bitcoin/new';
  const token = (name: string): Told =>
    json({ access_token: name, token_type: 'bearer', expires_in: 86_400, scope: '*' });
  const post = (name: string, title: string, more: object = {}) => ({
    kind: 't3',
    data: {
      name,
      title,
      permalink: `/r/Bitcoin/comments/${name}/x/`,
      created_utc: NOW_MS / 1000 - 60,
      ...more,
    },
  });
  const listing = (...children: readonly object[]): Told =>
    json({ kind: 'Listing', data: { after: null, dist: children.length, children } });
  const reddit = (): NewsSource =>
    redditSource({
      ...{ ...common, name: 'reddit', subreddits: ['CryptoCurrency', 'Bitcoin'] },
      ...{ clientId: 'id-93ac', clientSecret: 'secret-93ac', tokenUrl: url(), apiUrl: url() },
    });

  it('gets a token, and lists what is new with it', async () => {
    serve({
      [TOKEN]: [token('t1')],
      [LIST]: [
        listing(
          post('t3_a', 'Bitcoin &amp; friends rally'),
          post('t3_b', 'Daily discussion', { stickied: true }),
          post('t3_c', 'Tomorrow', { created_utc: NOW_MS / 1000 + 9_999 }),
        ),
      ],
    });
    const source = reddit();
    const told = await read(source);
    expect(told).toMatchObject({
      headlines: [
        {
          ...{ key: 't3_a', title: 'Bitcoin & friends rally', publishedMs: NOW_MS - 60_000 },
          url: 'https://www.reddit.com/r/Bitcoin/comments/t3_a/x/',
        },
        { key: 't3_c', publishedMs: null },
      ],
    });
    await read(source);
    expect(asked.map((request) => [request.method, request.headers.authorization])).toEqual([
      ['POST', `Basic ${Buffer.from('id-93ac:secret-93ac').toString('base64')}`],
      ['GET', 'Bearer t1'],
      ['GET', 'Bearer t1'],
    ]);
    expect(asked.every(({ headers }) => headers['user-agent']?.includes('ballast'))).toBe(true);
  });

  it('gets another token when the one it has is not taken any more, once', async () => {
    serve({
      [TOKEN]: [token('t1'), token('t2')],
      [LIST]: [listing(), json({}, 401), listing(post('t3_a', 'One'))],
    });
    const source = reddit();
    await read(source);
    expect(titles(await read(source))).toEqual(['One']);
    expect(asked.at(-1)?.headers.authorization).toBe('Bearer t2');
    serve({ [TOKEN]: [token('t3')], [LIST]: [json({ message: 'Unauthorized', error: 401 }, 401)] });
    await expect(read(reddit())).rejects.toThrow('it answered 401');
  });

  it.each([
    ['Retry-After', { 'retry-after': '120' }, 120],
    ["the end of Reddit's window", { 'x-ratelimit-reset': '90' }, 90],
    ['nothing', {}, 60],
  ])('is left alone for as long as it asks, told by %s', async (_, headers, seconds) => {
    serve({ [TOKEN]: [token('t1')], [LIST]: [json({}, 429, headers), listing(post('t3_a', 'One'))] });
    const source = reddit();
    await expect(read(source)).rejects.toThrow('it answered 429');
    const before = asked.length;
    wallMs += seconds * 1000 - 1;
    await expect(read(source)).rejects.toThrow('left alone');
    expect(asked).toHaveLength(before);
    wallMs += 1;
    expect(titles(await read(source))).toEqual(['One']);
  });

  it.each([
    ['no JSON', [200, {}, '<html>'] as unknown as Told, 'its answer is no JSON'],
    [
      'something else',
      json({ data: { children: [{ data: { name: 'x' } }] } }),
      'not understood (data.children.0.data.title',
    ],
    ['an error', json({ reason: 'private' }, 403), 'it answered 403'],
  ])('is missing, by its name and without its secrets, when it tells %s', async (_, told, message) => {
    serve({ [TOKEN]: [token('t1')], [LIST]: [told] });
    const failure: unknown = await read(reddit()).catch((error: unknown) => error);
    expect(String(failure)).toContain('"reddit"');
    expect(String(failure)).toContain(message);
    expect(String(failure)).not.toContain('93ac');
  });

  it('is missing when its keys are not taken', async () => {
    serve({ [TOKEN]: [json({ message: 'Unauthorized', error: 401 }, 401)] });
    await expect(read(reddit())).rejects.toThrow('it answered 401');
    expect(asked).toHaveLength(1);
  });
});

describe('X', () => {
  const SEARCH = '/2/tweets/search/recent';
  const x = (): NewsSource =>
    xSource({
      ...common,
      name: 'x',
      query: 'bitcoin -is:retweet',
      bearerToken: 'bearer-93ac',
      apiUrl: url(),
    });
  const found = (...data: readonly object[]): Told =>
    json({ data, meta: { newest_id: '1902', oldest_id: '1901', result_count: data.length } });
  const post = (id: string, text: string) => ({ id, text, created_at: '2026-01-10T11:59:00.000Z' });

  it('tells posts without their links, and asks for later ones from then on', async () => {
    serve({
      [SEARCH]: [
        found(
          post('1902', 'BREAKING: bitcoin ETF\napproved https://t.co/abc'),
          post('1901', 'https://t.co/only'),
        ),
        json({ meta: { result_count: 0 } }),
      ],
    });
    const told = await read(x());
    expect(told).toMatchObject({
      headlines: [
        {
          ...{ key: '1902', title: 'BREAKING: bitcoin ETF approved' },
          ...{ url: 'https://x.com/i/status/1902', publishedMs: NOW_MS - 60_000 },
        },
      ],
      validators: { etag: '1902' },
    });
    if (told.kind !== 'told') throw new Error('It was not told.');
    expect(told.headlines).toHaveLength(1);
    expect(await read(x(), told.validators)).toEqual({ kind: 'unchanged' });
    const [first, second] = asked.map((request) => new URL(request.url ?? '', url()).searchParams);
    expect([first?.get('query'), first?.get('since_id'), second?.get('since_id')]).toEqual([
      ...['bitcoin -is:retweet', null, '1902'],
    ]);
    expect(asked[0]?.headers.authorization).toBe('Bearer bearer-93ac');
  });

  it('asks without the newest known post when X does not look back so far', async () => {
    serve({ [SEARCH]: [json({ title: 'Invalid Request' }, 400), found(post('1902', 'Bitcoin again'))] });
    expect(titles(await read(x(), { etag: '5', lastModified: null }))).toEqual(['Bitcoin again']);
    serve({ [SEARCH]: [json({ title: 'Invalid Request' }, 400)] });
    await expect(read(x())).rejects.toThrow('it answered 400');
  });

  it('is left alone until its window begins anew', async () => {
    serve({
      [SEARCH]: [
        json({ title: 'Too Many Requests' }, 429, { 'x-rate-limit-reset': String(NOW_MS / 1000 + 600) }),
        found(post('1902', 'Bitcoin again')),
      ],
    });
    const source = x();
    await expect(read(source)).rejects.toThrow('it answered 429');
    wallMs += 599_000;
    await expect(read(source)).rejects.toThrow('left alone for 1 s');
    wallMs += 1_000;
    expect(titles(await read(source))).toEqual(['Bitcoin again']);
  });

  it.each([
    ['a token that is not taken', json({ title: 'Unauthorized', status: 401 }, 401), 'it answered 401'],
    ['an id that is none', found(post('1; DROP', 'x')), 'not understood (data.0.id'],
    ['half an answer', [200, {}, '{"data":['] as unknown as Told, 'no JSON'],
  ])('is missing with %s, and tells no secret', async (_, told, message) => {
    serve({ [SEARCH]: [told] });
    const failure: unknown = await read(x()).catch((error: unknown) => error);
    expect(String(failure)).toContain(message);
    expect(String(failure)).not.toContain('93ac');
  });
});

describe('the Fear & Greed index', () => {
  const gauge = () => fearGreedGauge({ ...common, url: `${url()}/fng/` });

  it('tells the days with their midnights', async () => {
    const day = (value: string, timestamp: string) => ({ value, value_classification: 'Fear', timestamp });
    serve({
      '/fng/': [
        json({
          name: 'Fear and Greed Index',
          data: [day('40', '1768003200'), day('47', '1767916800')],
          metadata: { error: null },
        }),
      ],
    });
    expect(await gauge().read(['BTC', 'ETH'], signal)).toEqual([
      { subject: 'CRYPTO', timeMs: 1_768_003_200_000, value: 40 },
      { subject: 'CRYPTO', timeMs: 1_767_916_800_000, value: 47 },
    ]);
  });

  it.each([
    ['a number that is none', json({ data: [{ value: '140', timestamp: '1768003200' }] })],
    ['no days', json({ data: [] })],
    ['an error', json({}, 500)],
  ])('is missing when it tells %s', async (_, told) => {
    serve({ '/fng/': [told] });
    await expect(gauge().read(['BTC'], signal)).rejects.toThrow('"fear-greed" could not be read');
  });
});

describe('the futures of the venue', () => {
  const FUNDING = '/fapi/v1/fundingRate';
  const RATIO = '/futures/data/globalLongShortAccountRatio';
  const open = () =>
    createDerivatives({
      venue: 'binance',
      weights: { funding: 1, longShort: 1 },
      timeoutMs: 5_000,
      restUrl: url(),
    });

  it('tell settled rates and ratios of each asset that has a perpetual', async () => {
    const funding = (symbol: string, fundingRate: string, fundingTime: number) => ({
      ...{ symbol, fundingRate, fundingTime, markPrice: '90000.1' },
    });
    answer = (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', url());
      const symbol = searchParams.get('symbol') ?? '';
      const told =
        symbol === 'NONEUSDT'
          ? json({ code: -1121, msg: 'Invalid symbol.' }, 400)
          : pathname === FUNDING
            ? json([
                funding(symbol, '0.00010000', 1_768_003_200_001),
                funding(symbol, '-0.00025', 1_768_032_000_000),
              ])
            : json([
                {
                  symbol,
                  longShortRatio: '1.8105',
                  longAccount: '0.6442',
                  shortAccount: '0.3558',
                  timestamp: 1_768_032_300_000,
                },
              ]);
      response.writeHead(told[0], told[1]).end(told[2]);
    };
    const futures = open();
    const subject = 'BTC/USDT:USDT';
    expect(await futures.funding.read(['BTC', 'NONE'], signal)).toEqual([
      { subject, timeMs: 1_768_003_200_001, value: 0.0001 },
      { subject, timeMs: 1_768_032_000_000, value: -0.00025 },
    ]);
    expect(await futures.longShort.read(['BTC'], signal)).toEqual([
      { subject, timeMs: 1_768_032_300_000, value: 1.8105 },
    ]);
    expect(asked.map((request) => new URL(request.url ?? '', url()).pathname)).toEqual([
      FUNDING,
      FUNDING,
      RATIO,
    ]);
    await futures.close();
  });

  it.each([
    ['a rate that is none', json([{ fundingRate: 'NaN', fundingTime: 1 }])],
    ['something else', json({ hello: 'world' })],
    ['an error', json({ code: -1000, msg: 'UNKNOWN' }, 500)],
  ])('are missing when they tell %s', async (_, told) => {
    serve({ [FUNDING]: [told] });
    const futures = open();
    await expect(futures.funding.read(['BTC'], signal)).rejects.toThrow();
    await futures.close();
  });
});

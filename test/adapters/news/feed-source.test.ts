import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { feedSource } from '../../../adapters/news/feed-source';
import { parseHeadlines, plainText } from '../../../adapters/news/parse-feed';
import type { FeedAnswer, FeedValidators } from '../../../adapters/news/port';
import { vaderScorer } from '../../../adapters/news/vader';

const NOW_MS = Date.UTC(2026, 0, 10, 12);
const NOTHING: FeedValidators = { etag: null, lastModified: null };
const rss = (...items: readonly string[]): string =>
  `<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>${items.map((item) => `<item>${item}</item>`).join('')}</channel></rss>`;

let server: Server;
let answer: RequestListener;
beforeAll(async () => {
  server = createServer((request, response) => {
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function read(known = NOTHING, limits: { timeoutMs?: number; maxBytes?: number } = {}): Promise<FeedAnswer> {
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/feed`;
  return feedSource({ name: 'local', url, weight: 1, timeoutMs: 5_000, ...limits }).read(
    known,
    NOW_MS,
    new AbortController().signal,
  );
}

const serve = (body: string | Buffer, headers: Readonly<Record<string, string>> = {}): void => {
  answer = (_, response) => {
    response.writeHead(200, headers).end(body);
  };
};
const titles = (told: FeedAnswer): readonly string[] =>
  told.kind === 'told' ? told.headlines.map(({ title }) => title) : [];

describe('a feed that is asked', () => {
  it('is asked with the validators of its last answer, and may say that nothing is new', async () => {
    answer = (request, response) => {
      if (request.headers['if-none-match'] === '"v1"' && request.headers['if-modified-since'] === 'yesterday')
        response.writeHead(304).end();
      else
        response
          .writeHead(200, { etag: '"v1"', 'last-modified': 'yesterday' })
          .end(rss('<title>One</title><guid>1</guid>'));
    };
    const first = await read();
    expect(first).toMatchObject({ validators: { etag: '"v1"', lastModified: 'yesterday' } });
    if (first.kind !== 'told') throw new Error('It was not told.');
    expect(await read(first.validators)).toEqual({ kind: 'unchanged' });
  });

  it('is followed where it has moved to, and unpacked', async () => {
    answer = (request, response) => {
      if (request.url === '/feed') response.writeHead(302, { location: '/moved' }).end();
      else
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(rss('<title>Packed</title>')));
    };
    expect(titles(await read())).toEqual(['Packed']);
  });

  it.each([
    ['no feed', 200, '<html><body>Please log in</body></html>', /source "local" could not be read: Unrec/],
    ['nothing', 200, '', /source "local" could not be read/],
    ['half a feed', 200, '<rss version="2.0"><channel><item><title>cut', /source "local" could not be read/],
    ['too much', 200, rss('<title>long</title>') + ' '.repeat(5_000), /more than 4000 bytes/],
    ['an error', 503, 'down', /it answered 503/],
  ])('fails with its name when it tells %s', async (_, status, body, message) => {
    answer = (__, response) => {
      response.writeHead(status).end(body);
    };
    await expect(read(NOTHING, { maxBytes: 4_000 })).rejects.toThrow(message);
  });

  it('is given up when it drips', async () => {
    answer = (_, response) => {
      response.writeHead(200).write('<rss version="2.0">');
    };
    await expect(read(NOTHING, { timeoutMs: 50 })).rejects.toThrow('no answer within 50 ms');
  });
});

describe('encodings', () => {
  const xml = (encoding: string): string =>
    `<?xml version="1.0" encoding="${encoding}"?><rss version="2.0"><channel><title>t</title><item><title>Zürich zählt</title></item></channel></rss>`;
  it.each([
    ['the content type', Buffer.from(xml('utf-8'), 'latin1'), 'text/xml; charset="ISO-8859-1"'],
    ['the declaration', Buffer.from(xml('windows-1252'), 'latin1'), 'text/xml'],
    ['a byte order mark', Buffer.from(`\uFEFF${xml('utf-16')}`, 'utf16le'), 'text/xml; charset=utf-8'],
    ['no one it knows', Buffer.from(xml('klingon')), 'text/xml; charset=none'],
  ])('are told by %s', async (_, body, type) => {
    serve(body, { 'content-type': type });
    expect(titles(await read())).toEqual(['Zürich zählt']);
  });

  it('survive bytes that are none', async () => {
    serve(Buffer.from(rss('<title>caf\xe9 talk</title>'), 'latin1'));
    expect(titles(await read())).toEqual(['caf\uFFFD talk']);
  });
});

describe('what a feed tells', () => {
  it('is plain text, whatever the title is made of', () => {
    const text = rss(
      '<title>Tom &amp;amp; &lt;b&gt;Jerry&lt;/b&gt;&amp;#8217;s <![CDATA[<i>rally</i>\n\n now]]></title><guid>1</guid>',
      '<title>A & B rise by 5 < 6</title><guid>2</guid>',
      '<title> </title><guid>3</guid>',
      '<guid>4</guid>',
      '<title>Again</title><guid>1</guid>',
    );
    expect(parseHeadlines(text, NOW_MS).map(({ title }) => title)).toEqual([
      'Tom & Jerry ’s rally now',
      'A & B rise by 5 < 6',
    ]);
    expect(plainText('<script>alert(1)</script>safe&nbsp;text\u0000\u202e')).toBe('alert(1) safe text');
  });

  it('is told as far as it came when the feed was cut off', () => {
    const whole = rss('<title>One</title>', '<title>Two</title>', '<title>Three</title>');
    expect(parseHeadlines(whole.slice(0, whole.indexOf('Three') + 2), NOW_MS)).toMatchObject([
      { title: 'One' },
      { title: 'Two' },
    ]);
  });

  it('has a time only when it says one that can be', () => {
    const dated = (date: string): number | null =>
      parseHeadlines(rss(`<title>t</title><pubDate>${date}</pubDate>`), NOW_MS)[0]?.publishedMs ?? null;
    expect(dated('Sat, 10 Jan 2026 11:00:00 GMT')).toBe(NOW_MS - 3_600_000);
    expect(dated('2026-01-10T12:00:00+01:00')).toBe(NOW_MS - 3_600_000);
    expect(dated('Sat, 10 Jan 2026 12:03:00 GMT')).toBe(NOW_MS);
    expect(dated('Sat, 10 Jan 2026 13:00:00 GMT')).toBeNull();
    expect(dated('Thu, 01 Jan 1970 00:00:00 GMT')).toBeNull();
    expect(dated('yesterday-ish')).toBeNull();
    expect(parseHeadlines(rss('<title>t</title>'), NOW_MS)[0]?.publishedMs).toBeNull();
  });

  it('may be Atom, RDF or JSON; a link that is none is left out', () => {
    const atom = `<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><id>x</id><title type="html">&lt;b&gt;Hi&lt;/b&gt;</title><link rel="alternate" href="http://l/1"/><updated>2026-01-01T00:00:00Z</updated></entry></feed>`;
    expect(parseHeadlines(atom, NOW_MS)).toEqual([
      { key: 'x', title: 'Hi', url: 'http://l/1', publishedMs: Date.UTC(2026, 0, 1) },
    ]);
    const rdf = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>c</title></channel><item><title>r</title><link>javascript:alert(1)</link><dc:date>2026-01-01</dc:date></item></rdf:RDF>`;
    expect(parseHeadlines(rdf, NOW_MS)).toEqual([
      { key: 'r', title: 'r', url: null, publishedMs: Date.UTC(2026, 0, 1) },
    ]);
    const json = JSON.stringify({
      version: 'https://jsonfeed.org/version/1.1',
      title: 'x',
      items: [{ id: '1', title: 'q', url: 'http://l/2', date_published: '2026-01-01T00:00:00Z' }],
    });
    expect(parseHeadlines(json, NOW_MS)).toMatchObject([{ key: '1', title: 'q', url: 'http://l/2' }]);
  });
});

describe('VADER', () => {
  it('has no answer where it knows no word, and is not neutral then', async () => {
    const { signal } = new AbortController();
    const scores = await vaderScorer.score(
      ['Great success for bitcoin', 'Terrible losses, fraud and panic', 'Bitcoin ETF volume'],
      signal,
    );
    expect(scores.map((score) => score?.label ?? null)).toEqual(['bullish', 'bearish', null]);
    expect(scores[0]?.sentiment).toBeGreaterThan(0.5);
  });
});

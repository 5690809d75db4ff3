import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { download } from '../../../adapters/llm/local/download';

const CONTENT = Buffer.from('GGUF and so on');
const SUM = createHash('sha256').update(CONTENT).digest('hex');
let server: Server;
let base: string;
let folder: string;
let path: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/missing') response.writeHead(404).end();
    else if (request.url === '/moved')
      response.writeHead(302, { location: 'http://example.invalid/model' }).end();
    else if (request.url === '/broken') {
      response.writeHead(200, { 'content-length': '100' });
      response.write(CONTENT, () => response.destroy());
    } else if (request.url === '/endless') {
      // No length is told, and it is more than was allowed.
      response.write(CONTENT);
      response.end(CONTENT);
    } else response.writeHead(200, { 'content-length': String(CONTENT.length) }).end(CONTENT);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-download-'));
  path = join(folder, 'models', 'm.gguf');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

it('keeps a file that is whole and has its sum', async () => {
  const found = await download({ url: `${base}/model`, path, maxBytes: 100, sha256: SUM.toUpperCase() });
  expect(found).toEqual({ bytes: CONTENT.length, sha256: SUM });
  expect(readFileSync(path)).toEqual(CONTENT);
});

it.each([
  ['has another sum', '/model', { sha256: 'f'.repeat(64) }, 'has the SHA-256 sum'],
  ['is told to be too large', '/model', { maxBytes: 5 }, 'is larger than 5 bytes'],
  ['turns out to be too large', '/endless', { maxBytes: CONTENT.length + 1 }, 'is larger than'],
  ['breaks off', '/broken', {}, 'could not be downloaded'],
  ['is not there', '/missing', {}, 'answers 404'],
  ['has moved to where nobody may listen', '/moved', {}, 'could not be downloaded'],
])('keeps nothing of what %s', async (_what, at, change, message) => {
  await expect(download({ url: `${base}${at}`, path, maxBytes: 100, ...change })).rejects.toThrow(message);
  expect(existsSync(join(folder, 'models')) ? readdirSync(join(folder, 'models')) : []).toEqual([]);
});

it.each(['http://example.com/m.gguf', 'file:///etc/passwd', 'm.gguf'])('asks nobody for %s', async (url) => {
  await expect(download({ url, path, maxBytes: 100 })).rejects.toThrow('is not a URL to download');
});

import { Secret } from '../../config/secret';
import { createLogger } from '../../workers/logging';
import { loadConfig } from '../../config/load';

describe('the log', () => {
  const config = {
    ...loadConfig({ env: {}, cwd: '/', deploymentId: () => 'test' }),
    postgres: { embedded: { enabled: false, port: 1 }, url: new Secret('postgres://me:pass-93ac@host:1/db') },
    exchange: {
      ...loadConfig({ env: {}, cwd: '/', deploymentId: () => 'test' }).exchange,
      apiKey: new Secret('key-93ac'),
      secret: new Secret('secret-93ac'),
    },
  };

  it.each<[string, unknown[]]>([
    ['a field by name', [{ apiKey: 'other-93ac' }]],
    ['a nested field by name', [{ request: { headers: { 'X-MBX-APIKEY': 'other-93ac' } } }]],
    ['a value in a message', ['GET /api?signature=secret-93ac']],
    ['a value in an error', [{ error: new Error('connect postgres://me:pass-93ac@host:1/db') }]],
    ['a value in the cause of an error', [{ error: new Error('away', { cause: new Error('pass-93ac') }) }]],
    [
      'a value in an error of pino’s own name',
      [{ err: new Error('connect postgres://me:pass-93ac@host:1/db') }],
    ],
    ['the password alone', [{ text: 'pass-93ac' }]],
    ['the configuration itself', [{ config }]],
  ])('does not tell %s', (_what, args) => {
    const lines: string[] = [];
    const logger = createLogger(config, 'test', { write: (line) => lines.push(line) });
    logger.info(...(args as [object]));
    expect(lines.join('')).not.toContain('93ac');
    expect(lines.join('')).toContain('[secret]');
    expect(() => JSON.parse(lines[0] ?? '') as unknown).not.toThrow();
  });

  it('tells what an error says, where it comes from and what caused it', () => {
    const lines: string[] = [];
    const logger = createLogger(config, 'test', { write: (line) => lines.push(line) });
    logger.warn({ error: new Error('no answer', { cause: new Error('socket hang up') }) }, 'it failed');
    const { error } = JSON.parse(lines[0] ?? '') as { readonly error: Record<string, string> };
    expect(error).toMatchObject({ type: 'Error', message: 'no answer: socket hang up' });
    expect(error.stack).toContain('logging.test');
  });
});

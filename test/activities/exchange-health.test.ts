import { ExchangeHealth } from '../../activities/exchange-health';
import type { ExchangePort } from '../../adapters/exchange/port';
import { ExchangeFailure, type FailureKind } from '../../domain/errors';
import { ACCOUNT } from './bench';
import { FakeExchange } from './fake-exchange';
import { MemoryStore } from './memory-store';

type Answer = 'answers' | readonly [FailureKind, string];

const SILENT: Answer = ['ambiguous', 'RequestTimeout'];

describe('the health of an exchange', () => {
  const time = { nowMs: 1_000 };
  let journal: MemoryStore;
  let answer: Answer;

  beforeEach(() => {
    time.nowMs = 1_000;
    journal = new MemoryStore();
    answer = 'answers';
  });

  const respond = <T>(value: T): Promise<T> =>
    answer === 'answers'
      ? Promise.resolve(value)
      : Promise.reject(new ExchangeFailure(answer[0], 'scripted', { errorClass: answer[1] }));

  function watcher(): { health: ExchangeHealth; port: ExchangePort } {
    const log = { warn: () => undefined };
    const health = new ExchangeHealth({ account: ACCOUNT, journal, wallTimeMs: () => time.nowMs, log });
    const exchange = new FakeExchange(() => time.nowMs);
    exchange.balances = () => respond([]);
    exchange.quotes = () => respond([]);
    exchange.cancel = () => respond(undefined);
    return { health, port: health.watch(exchange) };
  }

  /** Requests about orders, one every `everyMs`. */
  async function cancels(port: ExchangePort, count: number, everyMs = 1_000): Promise<void> {
    for (let done = 0; done < count; done += 1) {
      await port.cancel('BTC/USDT', 'id').catch(() => undefined);
      time.nowMs += everyMs;
    }
  }

  it('counts what fails one after the other, by kind and altogether', async () => {
    const { health, port } = watcher();
    answer = SILENT;
    await cancels(port, 3);
    const streak = { failures: 3, firstFailedMs: 1_000, lastFailedMs: 3_000, message: 'scripted' };
    expect(await health.streaks()).toEqual([
      { kind: 'trade', ...streak },
      { kind: 'any', ...streak },
    ]);
  });

  it('counts the failures of one second once, however many requests meet an outage', async () => {
    const { health, port } = watcher();
    answer = SILENT;
    await cancels(port, 100, 30);
    expect((await health.streaks())[0]?.failures).toBe(3);
  });

  it('begins anew after a success of the same kind, and reaches the exchange by any', async () => {
    const { health, port } = watcher();
    answer = SILENT;
    await cancels(port, 3);
    answer = 'answers';
    await port.quotes([]);
    expect((await health.streaks()).map(({ kind }) => kind)).toEqual(['trade']);
    await port.cancel('BTC/USDT', 'id');
    expect(await health.streaks()).toEqual([]);
    answer = SILENT;
    await cancels(port, 1);
    expect((await health.streaks())[0]?.failures).toBe(1);
  });

  it.each<[string, Answer, readonly string[]]>([
    ['an order that is refused is an answer', ['rejected', 'InsufficientFunds'], []],
    ['a revoked key fails, but the exchange is there', ['rejected', 'AuthenticationError'], ['trade']],
    ['so does a rate limit', ['not-executed', 'RateLimitExceeded'], ['trade']],
    ['and the wait that it asks for', ['not-executed', 'CoolingDown'], ['trade']],
    ['an exchange in maintenance is silent', ['not-executed', 'OnMaintenance'], ['trade', 'any']],
    ['what never left this process tells nothing', ['not-executed', 'SendDeadlineExceeded'], []],
    ['nonsense is no answer', ['ambiguous', 'MalformedAnswer'], ['trade', 'any']],
  ])('%s', async (_, outcome, kinds) => {
    const { health, port } = watcher();
    answer = outcome;
    await cancels(port, 1);
    expect((await health.streaks()).map(({ kind }) => kind)).toEqual(kinds);
  });

  it('is shared: another process makes a streak longer, and ends it', async () => {
    const [one, other] = [watcher(), watcher()];
    answer = SILENT;
    await cancels(one.port, 2);
    await one.health.streaks();
    await cancels(other.port, 2);
    expect((await other.health.streaks())[0]).toMatchObject({ failures: 4, firstFailedMs: 1_000 });
    answer = 'answers';
    await cancels(other.port, 1);
    expect(await other.health.streaks()).toEqual([]);
  });

  it('keeps what cannot be journaled, and journals it later', async () => {
    const { health, port } = watcher();
    const { recordStreak } = journal;
    journal.recordStreak = () => Promise.reject(new Error('scripted: the journal is down'));
    answer = SILENT;
    await cancels(port, 3);
    await expect(health.streaks()).rejects.toThrow('the journal is down');
    journal.recordStreak = recordStreak;
    expect((await health.streaks())[0]).toMatchObject({
      failures: 3,
      firstFailedMs: 1_000,
      lastFailedMs: 3_000,
    });
  });

  it('writes nothing while requests succeed', async () => {
    const { health, port } = watcher();
    await cancels(port, 1);
    await health.streaks();
    let written = 0;
    journal.recordStreak = () => Promise.resolve(void (written += 1));
    await cancels(port, 50);
    await port.quotes([]);
    await health.streaks();
    expect(written).toBe(1); // the first answer about market data: a process before may have left a streak of it
  });
});

import { createAccount } from './account';
import { AccountPoller } from './account-poller';
import { watchAccount } from './account-stream';
import { createCcxtClient } from './ccxt-client';
import { createScrubber } from './failure';
import { createGateway } from './gateway';
import { HttpClient } from './http-client';
import { createClock } from './market-clock';
import { createMarketData, type FeeSource } from './market-data';
import { checkOptions, DEFAULT_STREAM_TIMING, type ExchangeOptions } from './options';
import { createMarketStreams } from './market-stream';
import { watchMarket } from './market-watch';
import { createOrders } from './orders';
import type { ExchangePort } from './port';
import { createSymbolBook } from './symbols';
import { StreamAudit } from './stream-audit';
import { createFetch } from './transport';
import { createUserStreams } from './user-stream';

/**
 * Opens one account on one exchange, through an unmodified ccxt client. Nothing is sent until the first call.
 * @throws UserError when the options contradict each other.
 */
export async function createExchange(options: ExchangeOptions): Promise<ExchangePort> {
  checkOptions(options);
  const watched = options.symbols ?? [];
  const timing = { ...DEFAULT_STREAM_TIMING, ...options.stream };
  const httpClient = new HttpClient();
  const client = await createCcxtClient(options, timing.staleAfterMs, (origins) =>
    createFetch(httpClient, origins, options.restUrl),
  );
  const scrub = createScrubber([options.apiKey, options.secret]);
  const gateway = createGateway(client, scrub, options.logger);
  const symbols = createSymbolBook(gateway, watched);
  const clock = createClock(gateway, httpClient, options);
  const orders = createOrders(gateway, symbols);
  const account = createAccount(gateway, symbols, options.sandbox === true);
  const marketData = createMarketData({
    gateway,
    symbols,
    clock: clock.clock,
    feeSource: feeSourceOf(options),
    publicFees: client.fees.trading,
  });
  const { requestTimeoutMs, logger } = options;
  const streamDeps = { client, staleAfterMs: timing.staleAfterMs, requestTimeoutMs };
  const openUserStream = createUserStreams(streamDeps);
  const openMarketStream = createMarketStreams(streamDeps);
  const createPoller = (): AccountPoller => new AccountPoller({ ...clock, ...orders, ...account }, watched);
  const createAudit = (): StreamAudit => new StreamAudit(orders, watched);
  const closing = new AbortController();
  const watches = new Set<Promise<void>>();
  const untilClosed = (watch: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> => {
    const watching = watch(AbortSignal.any([signal, closing.signal])).finally(() => watches.delete(watching));
    watches.add(watching);
    return watching;
  };

  return {
    venue: options.venue,
    ...clock,
    ...marketData,
    ...account,
    ...orders,
    watchAccount(onEvent, signal) {
      const deps = {
        openStream: openUserStream,
        createPoller,
        createAudit,
        gateway,
        symbols,
        timing,
        logger,
      };
      return untilClosed((untilOver) => watchAccount(deps, onEvent, untilOver), signal);
    },
    watchMarket(request, onEvent, signal) {
      const deps = { openStream: openMarketStream, gateway, symbols, timing, logger };
      return untilClosed((untilOver) => watchMarket(deps, request, onEvent, untilOver), signal);
    },
    async close() {
      closing.abort();
      await Promise.allSettled(watches);
      await client.close();
      httpClient.close();
    },
  };
}

function feeSourceOf({ apiKey, sandbox }: ExchangeOptions): FeeSource {
  if (apiKey === undefined) return 'public';
  return sandbox === true ? 'account' : 'trade-fee';
}

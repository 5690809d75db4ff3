import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createExchange } from '../../../adapters/exchange/exchange';
import type { ExchangePort } from '../../../adapters/exchange/port';
import { readExchangeHistory, type HistoricalChange } from '../../../emulator/journal/history';
import { readExchangeRecord, type ExchangeRecord } from '../../../emulator/journal/record';
import { readFaultLog, type FaultStrike } from '../../../emulator/server/faults/log';
import type { RateLimits } from '../../../emulator/server/rate-limits';
import { findFreePort } from '../../../workers/supervisor/ports';
import { Child } from './child';
import { waitFor } from './wait';

/** What the exchange's clock can be told; see docs/emulator.md. */
export type ClockCommand =
  | { readonly action: 'pause' | 'resume' }
  | { readonly action: 'setSpeed'; readonly speed: number }
  | { readonly action: 'advanceTo'; readonly toMs: number };

export interface ExchangeAccount {
  readonly name: string;
  readonly apiKey: string;
  readonly secret: string;
  readonly balances: Readonly<Record<string, string>>;
}

/** An account with keys of its own, which owns 10,000 USDT unless told otherwise. */
export const newAccount = (
  name: string,
  balances: ExchangeAccount['balances'] = { USDT: '10000' },
): ExchangeAccount => ({
  name,
  apiKey: `key-${randomBytes(12).toString('hex')}`,
  secret: `secret-${randomBytes(12).toString('hex')}`,
  balances,
});

/** How the exchange is, beyond its account and its seed. */
export interface ExchangeSettings {
  /** Other request limits than Binance's. */
  readonly limits?: Partial<RateLimits>;
  /** Further accounts. */
  readonly others?: readonly ExchangeAccount[];
  /** Market time per wall time, 1 unless told otherwise. */
  readonly speed?: number;
  /** Whether the market moves from the start, and again after each restart; otherwise it stands still until told to. */
  readonly running?: boolean;
  /** Keep every line of the journal, for `history`. */
  readonly keepHistory?: boolean;
  /** Made-up news move the market, which has feeds that tell of them. */
  readonly news?: boolean;
}

/** The emulator as a process, on a market of its own that is the same in every run. */
export class ExchangeProcess {
  private constructor(
    private readonly options: { readonly port: number; readonly journalDir: string },
    private readonly launch: () => Promise<Child>,
    private child: Child,
  ) {}

  static async start(
    folder: string,
    account: ExchangeAccount,
    seed: number,
    {
      limits,
      others = [],
      speed = 1,
      running = false,
      keepHistory = false,
      news = false,
    }: ExchangeSettings = {},
  ): Promise<ExchangeProcess> {
    const port = await findFreePort();
    const journalDir = join(folder, 'exchange');
    const options = {
      port,
      journalDir,
      speed,
      paused: !running,
      keepHistory,
      accounts: [account, ...others],
      market: { seed, news },
      limits,
    };
    const launch = (): Promise<Child> =>
      Child.start(
        [join(__dirname, 'emulator-process.cjs'), JSON.stringify(options)],
        {},
        join(folder, 'exchange.log'),
      );
    const exchange = new ExchangeProcess(options, launch, await launch());
    await exchange.untilOpen();
    return exchange;
  }

  get port(): number {
    return this.options.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A client of one of its accounts, as Ballast has one. */
  connect({ apiKey, secret }: ExchangeAccount, symbols: readonly string[]): Promise<ExchangePort> {
    return createExchange({
      ...{ venue: 'binance', apiKey, secret, symbols },
      restUrl: this.url,
      wsUrl: this.url.replace('http', 'ws'),
      clock: 'emulator',
      requestTimeoutMs: 5_000,
      recvWindowMs: 5_000,
      throttle: false,
    });
  }

  /** SIGKILL, at once. */
  kill(): void {
    this.child.signal('SIGKILL');
  }

  /** Starts it anew on its journal and port, once the killed one is gone. */
  async restart(): Promise<void> {
    await this.child.kill();
    this.child = await this.launch();
    await this.untilOpen();
  }

  /** The judge: what the exchange itself has on its disk. */
  record(): ExchangeRecord {
    return readExchangeRecord(this.options.journalDir);
  }

  /** Every change of every order with its wall time; the whole session when the market keeps its history. */
  history(): readonly HistoricalChange[] {
    return readExchangeHistory(this.options.journalDir);
  }

  /** Every strike of the faults that were planned. */
  faultLog(): readonly FaultStrike[] {
    return readFaultLog(this.options.journalDir);
  }

  clock(command: ClockCommand): Promise<void> {
    return this.tell('POST', 'clock', command);
  }

  /** Plans a fault; `docs/emulator.md` lists them. */
  plan(fault: object): Promise<void> {
    return this.tell('POST', 'faults', fault);
  }

  /** Calls off every fault that has been planned. */
  callOffFaults(): Promise<void> {
    return this.tell('DELETE', 'faults');
  }

  private async tell(method: string, what: 'clock' | 'faults', body?: object): Promise<void> {
    const response = await fetch(`${this.url}/emulator/${what}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`The exchange refuses (${what}): ${await response.text()}`);
  }

  close(): Promise<void> {
    return this.child.kill();
  }

  private untilOpen(): Promise<unknown> {
    return waitFor('the exchange to open', async () => {
      if (!this.child.isRunning) throw new Error('The exchange has ended; see exchange.log.');
      const { ok } = await fetch(`${this.url}/emulator/clock`);
      return ok ? true : undefined;
    });
  }
}

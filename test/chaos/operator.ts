import { setTimeout as sleep } from 'node:timers/promises';
import { haltNow, runEmergencyStop } from '../../cli/emergency-client';
import { TradingMode } from '../../domain/risk';
import {
  flattenSignal,
  pauseSignal,
  resumeSignal,
  resumeTradingUpdate,
  stopSignal,
  workflowIds,
} from '../../workflows/contract';
import type { World } from '../crash/harness/world';
import { explain, type Chronicle } from './chronicle';
import { OperatorAction } from './schedule';

const BY = 'chaos';
/** A command is given again while servers are down; this long. */
const INSIST_MS = 60_000;
const RETRY_MS = 300;
const LOOK_MS = 1_000;
/** An account that stopped itself is given this long to become flat before trading is resumed. */
const SELF_HALT_MS = 15_000;

/** An operator: gives commands as the command line does, takes them back, and resumes what has stopped by itself. */
export class Operator {
  /** Halts and reductions that nobody here asked for. */
  selfHalts = 0;
  private readonly pending = new Set<Promise<void>>();
  private emergencies = 0;
  private count = 0;
  private watching = true;
  private readonly life: Promise<void>;

  constructor(
    private readonly world: World,
    private readonly strategies: readonly string[],
    private readonly chronicle: Chronicle,
  ) {
    this.life = this.watch();
  }

  /** Gives a command, and takes it back `forMs` later; returns at once. */
  operate(action: OperatorAction, strategy: number, forMs: number): void {
    const name = this.strategies[strategy % this.strategies.length] ?? '';
    const act =
      action === OperatorAction.EmergencyStop ? this.stopAll(forMs) : this.turn(action, name, forMs);
    const work = act.catch((error: unknown) => {
      this.chronicle.note('problem', `${action} was not carried out: ${explain(error)}`);
    });
    this.pending.add(work);
    void work.finally(() => this.pending.delete(work));
  }

  /** Resolves when no command is under way any more, and the account is ACTIVE. */
  async rest(): Promise<void> {
    await Promise.all(this.pending);
    this.watching = false;
    await this.life;
    await this.resumeTrading('the run ends');
  }

  /** Ends every strategy and asks for every position to be closed. */
  async stopStrategies(): Promise<void> {
    const request = { by: BY, reason: 'the run ends', flatten: true };
    await Promise.all(
      this.strategies.map((name) =>
        this.insist(`stop ${name}`, () => this.strategy(name).signal(stopSignal, request)),
      ),
    );
    await Promise.all(this.strategies.map((name) => this.strategy(name).result()));
  }

  private async turn(
    action: typeof OperatorAction.Flatten | typeof OperatorAction.Pause,
    name: string,
    forMs: number,
  ): Promise<void> {
    const signal = action === OperatorAction.Flatten ? flattenSignal : pauseSignal;
    this.chronicle.note('operator', `${action} ${name}`);
    const request = { by: BY, reason: 'chaos' };
    await this.insist(`${action} ${name}`, () => this.strategy(name).signal(signal, request));
    await sleep(forMs);
    await this.insist(`resume ${name}`, () => this.strategy(name).signal(resumeSignal, request));
    this.chronicle.note('operator', `resumed ${name}`);
  }

  private async stopAll(forMs: number): Promise<void> {
    const { store, client, account } = this.world;
    this.count += 1;
    const key = `chaos/${this.count}`;
    const reason = 'chaos wants to see it flat';
    this.emergencies += 1;
    try {
      this.chronicle.note('operator', 'emergency stop');
      await this.insist('halt', () => haltNow(store, account.account, { key, reason, by: BY }));
      const input = { ...account, reason, by: BY, haltKey: null };
      const { flatAfterMs } = await this.insist('emergency stop', () =>
        runEmergencyStop(client, store, input),
      );
      this.chronicle.note('operator', `emergency stop: flat after ${flatAfterMs ?? '–'} ms`);
      await sleep(forMs);
      await this.resumeTrading('chaos has seen enough');
    } finally {
      this.emergencies -= 1;
    }
  }

  private async resumeTrading(reason: string): Promise<void> {
    const { client, account } = this.world;
    const desk = client.workflow.getHandle(workflowIds.riskDesk(account.account));
    const args: [{ by: string; reason: string }] = [{ by: BY, reason }];
    const mode = await this.insist('resume trading', () => desk.executeUpdate(resumeTradingUpdate, { args }));
    this.chronicle.note('operator', `trading resumed: ${mode}`);
  }

  /** An account may stop itself, on failures of the exchange for one; somebody has to say that it may go on. */
  private async watch(): Promise<void> {
    const { store, account } = this.world;
    let sinceMs: number | null = null;
    while (this.watching) {
      await sleep(LOOK_MS);
      const state = await store.account(account.account).catch(() => undefined);
      if (state === undefined || this.emergencies > 0) continue;
      if (state.mode === TradingMode.Active) {
        sinceMs = null;
        continue;
      }
      if (sinceMs === null) {
        this.selfHalts += 1;
        this.chronicle.note('halt', `the account is ${state.mode}: ${state.modeReason}`);
      }
      sinceMs ??= Date.now();
      const positions = await store.livePositions(account.account).catch(() => [null]);
      if (positions.length > 0 && Date.now() - sinceMs < SELF_HALT_MS) continue;
      await this.resumeTrading(`chaos goes on after: ${state.modeReason}`).catch((error: unknown) => {
        this.chronicle.note('problem', `trading was not resumed: ${explain(error)}`);
      });
      sinceMs = null;
    }
  }

  private strategy(name: string) {
    return this.world.client.workflow.getHandle(workflowIds.strategy(this.world.account.account, name));
  }

  /** Tries again while servers are down. @throws the last error when it has lasted too long */
  private async insist<T>(what: string, act: () => Promise<T>): Promise<T> {
    const untilMs = Date.now() + INSIST_MS;
    for (;;) {
      try {
        return await act();
      } catch (error) {
        if (Date.now() > untilMs)
          throw new Error(`${what} failed for ${INSIST_MS / 1000} s`, { cause: error });
        await sleep(RETRY_MS);
      }
    }
  }
}

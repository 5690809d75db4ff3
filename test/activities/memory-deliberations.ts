import type {
  DeliberationKey,
  DeliberationRecord,
  DeliberationStore,
  SeatRecord,
  SeatTurn,
} from '../../adapters/store/deliberations';
import type { PanelBrief } from '../../domain/deliberation/brief';
import type { PanelVerdict, Statement } from '../../domain/deliberation/verdict';

interface Held {
  readonly key: DeliberationKey;
  readonly brief: PanelBrief | null;
  verdict: PanelVerdict | null;
  readonly answers: (SeatTurn & SeatRecord & { readonly callIds: readonly string[] })[];
}

/** Deliberations in memory: the first write of a kind stays, as in PostgreSQL. */
export class MemoryDeliberations implements DeliberationStore {
  private readonly held = new Map<string, Held>();

  open(key: DeliberationKey, brief: PanelBrief): Promise<void> {
    if (!this.held.has(key.positionId))
      this.held.set(key.positionId, { key, brief, verdict: null, answers: [] });
    return Promise.resolve();
  }

  brief(positionId: string): Promise<PanelBrief | undefined> {
    return Promise.resolve(this.held.get(positionId)?.brief ?? undefined);
  }

  statements(positionId: string): Promise<readonly Statement[]> {
    const answers = this.held.get(positionId)?.answers ?? [];
    return Promise.resolve(answers.map(({ seat, round, answer }) => ({ seat, round, answer })));
  }

  said({ positionId, round, seat }: SeatTurn): Promise<SeatRecord | undefined> {
    const answers = this.held.get(positionId)?.answers ?? [];
    return Promise.resolve(answers.find((one) => one.round === round && one.seat === seat));
  }

  async say(turn: SeatTurn, record: SeatRecord): Promise<SeatRecord> {
    const known = await this.said(turn);
    if (known === undefined)
      this.held.get(turn.positionId)?.answers.push({ ...turn, ...record, callIds: [] });
    return known ?? record;
  }

  linkCall(): Promise<void> {
    return Promise.resolve();
  }

  conclude(key: DeliberationKey, verdict: PanelVerdict): Promise<void> {
    const held = this.held.get(key.positionId) ?? { key, brief: null, verdict: null, answers: [] };
    held.verdict ??= verdict;
    this.held.set(key.positionId, held);
    return Promise.resolve();
  }

  find(positionId: string): Promise<DeliberationRecord | undefined> {
    const held = this.held.get(positionId);
    if (held === undefined) return Promise.resolve(undefined);
    const { key, brief, verdict, answers } = held;
    const { outcome = null, sizeFactor = null, reasons = [] } = verdict ?? {};
    return Promise.resolve({ ...key, brief, outcome, sizeFactor, reasons, answers });
  }
}

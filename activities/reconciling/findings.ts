import {
  findingKey,
  FindingKind,
  isUnexplained,
  Severity,
  type Deed,
  type Finding,
} from '../../domain/findings';
import type { Journal } from '../../adapters/store/port';

/** Collects what one comparison finds and does. */
export class Findings {
  readonly found: Finding[] = [];
  readonly done: Deed[] = [];
  /** Something may look otherwise in a moment: a fate that is open, a trade that is not listed, a shortfall to be confirmed. */
  lookAgain = false;

  unexplained(kind: Finding['kind'], subject: string, message: string): void {
    this.found.push({ kind, severity: Severity.Unexplained, subject, message });
  }

  notice(kind: Finding['kind'], subject: string, message: string): void {
    this.found.push({ kind, severity: Severity.Notice, subject, message });
  }

  did(kind: Deed['kind'], subject: string, message: string): void {
    this.done.push({ kind, subject, message });
  }

  get unexplainedCount(): number {
    return this.found.filter(isUnexplained).length;
  }
}

/**
 * Journals findings, and sorts out what needs no telling again: manual trades that were told before are left out, and what
 * a person has seen and resumed trading in spite of is a notice from then on, or nothing.
 */
export async function journalFindings(
  store: Pick<Journal, 'recordFindings'>,
  account: string,
  findings: readonly Finding[],
  marketTimeMs: number,
): Promise<readonly Finding[]> {
  if (findings.length === 0) return [];
  const entries = findings.map((finding) => ({
    ...{ key: findingKey(finding), code: finding.kind, message: finding.message },
  }));
  const { fresh, accepted } = await store.recordFindings(account, entries, marketTimeMs);
  return findings.flatMap((finding) => {
    const key = findingKey(finding);
    if (finding.kind === FindingKind.ManualTrade && !fresh.has(key)) return [];
    if (finding.kind === FindingKind.DirectStop && accepted.has(key)) return [];
    if (!isUnexplained(finding) || !accepted.has(key)) return [finding];
    return [{ ...finding, severity: Severity.Notice, message: `${finding.message} (accepted by a person)` }];
  });
}

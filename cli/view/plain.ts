import { subtract } from '../../domain/decimal';
import { DEMONSTRATION_LABEL } from '../../domain/news/demonstration';
import { gain, money, utcTime } from '../format';
import { signedScore } from '../news-facts';
import { keyOf, type Snapshot } from './snapshot';

/**
 * The view as a few lines: the account's line, and every decision to do something that is not among `told` yet, oldest
 * first. Adds those to `told`.
 */
export function plainLines(snapshot: Snapshot, told: Set<string>): readonly string[] {
  const { clock, account, totals, positions, decisions, services, problem, wallTimeMs } = snapshot;
  const lines: string[] = [];
  for (const decision of [...decisions].reverse()) {
    const key = keyOf(decision);
    if (decision.outcome === 'hold' || told.has(key)) continue;
    told.add(key);
    const why = decision.reasons.map(({ text }) => text).join('; ');
    lines.push(
      `${utcTime(decision.barCloseMs, 'minutes')}  ${decision.symbol} ${decision.strategy} ${decision.outcome}: ${why}`,
    );
  }
  const equity = account?.equity ?? null;
  const parts = [
    utcTime(wallTimeMs, 'clock'),
    clock === null
      ? 'market ?'
      : `market ${utcTime(clock.timeMs, 'minutes')}${clock.state === 'running' ? '' : ` (${clock.state})`}`,
    account?.mode ?? 'starting',
    equity === null
      ? 'equity ?'
      : `equity ${money(equity.equity)} (today ${gain(subtract(equity.equity, equity.equityAtDayStart))})`,
    `${positions.length} open`,
    totals === null ? '' : `${totals.fills} fills`,
    moodPart(snapshot),
    services
      .filter(({ phase }) => phase !== 'ready')
      .map(({ name, phase }) => `${name} ${phase}`)
      .join(', '),
    problem ?? '',
  ];
  lines.push(parts.filter((part) => part !== '').join('  '));
  return lines;
}

/** The moods, and that they are made of made-up headlines where they are. */
function moodPart({ news }: Snapshot): string {
  if (news === null || news.moods.length === 0) return '';
  const moods = news.moods.map(({ asset, score }) => `${asset} ${signedScore(score)}`).join(' ');
  return `mood ${moods}${news.of === 'demonstration' ? ` (${DEMONSTRATION_LABEL})` : ''}`;
}

import { isNegative, isZero, subtract, toNumber, type DecimalString } from '../../domain/decimal';
import { drawdownFraction } from '../../domain/equity';
import { OrderState, OrderType } from '../../domain/order';
import { TradingMode } from '../../domain/risk';
import { averagePrice, clip, gain, money, percent, plain, span, utcTime, price } from '../format';
import { signedScore } from '../news-facts';
import { protectionOf, troubleOf, unrealisedPnl } from '../position-facts';
import type { Paint, Style } from './paint';
import { bidsOf, type ServiceState, type Snapshot } from './snapshot';
import { fitTable, type Cell, type ViewColumn } from './table';

/** The parts of the view. Each returns lines of at most `width` characters, not counting colours. */

type Section = (snapshot: Snapshot, width: number, paint: Paint) => readonly string[];

/** Parts side by side, as many as fit. */
function row(parts: readonly Cell[], width: number, paint: Paint): string {
  let left = width;
  const shown: string[] = [];
  for (const { text, style } of parts) {
    if (left <= 0) break;
    const clipped = clip(text, left);
    left -= clipped.length + 3;
    shown.push(style === undefined ? clipped : paint(clipped, style));
  }
  return shown.join('   ');
}

export const headerLines: Section = (snapshot, width, paint) => {
  const { clock, account, mode, wallTimeMs, market, services, problem } = snapshot;
  const state = clock === null || clock.state === 'running' ? '' : ` (${clock.state})`;
  const marketTime = clock === null ? 'market ?' : `market ${utcTime(clock.timeMs)}${state}`;
  const first = row(
    [
      { text: 'Ballast', style: 'bold' },
      { text: account?.mode ?? 'starting', style: modeStyle(account?.mode) },
      { text: clock === null ? mode : `${mode} ${clock.speed}×` },
      { text: marketTime, style: 'cyan' },
      { text: `wall ${utcTime(wallTimeMs, 'clock')} UTC` },
    ],
    width,
    paint,
  );
  const second = problem === null ? paint(clip(market, width), 'dim') : paint(clip(problem, width), 'yellow');
  return [first, second, row(services.map(serviceCell), width, paint)];
};

const modeStyle = (mode: TradingMode | undefined): Style => {
  if (mode === TradingMode.Active) return 'green';
  return mode === TradingMode.Halted ? 'red' : 'yellow';
};

function serviceCell({ name, phase, pid, restarts }: ServiceState): Cell {
  const again = restarts === 0 ? '' : ` ↻${restarts}`;
  if (phase === 'ready')
    return { text: `● ${name} ${pid ?? ''}${again}`, style: restarts === 0 ? 'green' : 'yellow' };
  return { text: `○ ${name} ${phase}${again}`, style: phase === 'failed' ? 'red' : 'yellow' };
}

export const accountLines: Section = ({ account, totals, quotes }, width, paint) => {
  const equity = account?.equity ?? null;
  const figures: Cell[] =
    equity === null
      ? [{ text: 'Equity not marked yet', style: 'dim' }]
      : [
          { text: `Equity ${money(equity.equity)}`, style: 'bold' },
          gainCell('today', subtract(equity.equity, equity.equityAtDayStart)),
          { text: `drawdown ${percent(drawdownFraction(equity))}` },
        ];
  if (totals !== null) figures.push(gainCell('realised', totals.realisedPnl));
  const prices: Cell[] = quotes.map(({ symbol, last }) => ({ text: `${symbol} ${price(last)}` }));
  if (totals !== null) {
    const { decisions, fills, wins, losses } = totals;
    prices.push({
      text: `${decisions} decisions, ${fills} fills, ${wins} won, ${losses} lost`,
      style: 'dim',
    });
  }
  const lines = [row(figures, width, paint)];
  if (prices.length > 0) lines.push(row(prices, width, paint));
  const reason = account === null || account.mode === TradingMode.Active ? '' : account.modeReason;
  if (reason !== '') lines.push(paint(clip(`${account?.mode ?? ''}: ${reason}`, width), 'yellow'));
  return lines;
};

const gainCell = (name: string, amount: DecimalString): Cell => ({
  text: `${name} ${gain(amount)}`,
  ...gainStyle(amount),
});

function gainStyle(amount: DecimalString): { readonly style?: Style } {
  if (isZero(amount)) return {};
  return { style: isNegative(amount) ? 'red' : 'green' };
}

const POSITION_COLUMNS: readonly ViewColumn[] = [
  { head: 'pair' },
  { head: 'strategy' },
  { head: 'held', align: 'right' },
  { head: 'entry', align: 'right' },
  { head: 'stop', align: 'right' },
  { head: 'target', align: 'right', dropAt: 2 },
  { head: 'unrealised', align: 'right' },
  { head: 'age', align: 'right', dropAt: 1 },
  { head: 'leaving', dropAt: 3 },
];

export const positionLines: Section = (snapshot, width, paint) => {
  const { positions, clock } = snapshot;
  if (positions.length === 0) return [paint('none open', 'dim')];
  const bids = bidsOf(snapshot);
  const rows = positions.map((position): readonly Cell[] => {
    const result = unrealisedPnl(position, bids);
    const stop = protectionOf(position);
    const age =
      position.openedAtMs === null || clock === null ? '–' : span(clock.timeMs - position.openedAtMs);
    return [
      { text: position.symbol, style: 'bold' },
      { text: position.strategy },
      { text: plain(position.ledger.heldQuantity, 6) },
      { text: price(position.ledger.averageEntry) },
      { text: stop, style: stop === 'none' ? 'red' : undefined },
      { text: price(position.targetPrice) },
      result === undefined ? { text: '–' } : { text: gain(result), ...gainStyle(result) },
      { text: age },
      { text: troubleOf(position) },
    ];
  });
  return fitTable(POSITION_COLUMNS, rows, { width, paint, heads: true });
};

const OUTCOME_STYLES: Readonly<Record<string, Style>> = {
  hold: 'dim',
  enter: 'green',
  exit: 'cyan',
  trail: 'cyan',
  refused: 'yellow',
  skipped: 'yellow',
};

export const decisionLines: Section = ({ decisions }, width, paint) => {
  if (decisions.length === 0) return [paint(clip('nothing yet: the first bar has not closed', width), 'dim')];
  const rows = decisions.map(({ barCloseMs, symbol, strategy, outcome, reasons }): readonly Cell[] => [
    { text: utcTime(barCloseMs, 'minutes').slice(5), style: 'dim' },
    { text: symbol },
    { text: strategy },
    { text: outcome, style: OUTCOME_STYLES[outcome] },
    { text: reasons.map(({ text }) => text).join('; '), style: outcome === 'hold' ? 'dim' : undefined },
  ]);
  const columns: readonly ViewColumn[] = [
    { head: 'bar', dropAt: 1 },
    { head: '' },
    { head: '' },
    { head: '' },
    { head: '' },
  ];
  return fitTable(columns, rows, { width, paint, heads: false });
};

const ORDER_STYLES: Readonly<Partial<Record<OrderState, Style>>> = {
  [OrderState.Filled]: 'green',
  [OrderState.Open]: 'cyan',
  [OrderState.Unknown]: 'red',
  [OrderState.Rejected]: 'red',
  [OrderState.Sending]: 'yellow',
};

export const orderLines: Section = ({ orders }, width, paint) => {
  if (orders.length === 0) return [paint('none yet', 'dim')];
  const rows = orders.map((order): readonly Cell[] => {
    const filled = toNumber(order.filledQuantity) > 0;
    const average = averagePrice(order.filledQuote, order.filledQuantity);
    return [
      { text: order.changedAt.slice(11, 19), style: 'dim' },
      { text: order.symbol },
      { text: order.strategy },
      { text: order.leg },
      { text: order.side },
      { text: plain(order.quantity, 6) },
      { text: order.type === OrderType.Market ? 'market' : price(order.stopPrice ?? order.limitPrice) },
      { text: order.state, style: ORDER_STYLES[order.state] },
      { text: filled ? `${plain(order.filledQuantity, 6)} at ${price(average)}` : (order.reason ?? '') },
    ];
  });
  const columns: readonly ViewColumn[] = [
    { head: 'changed', dropAt: 2 },
    { head: 'pair' },
    { head: 'strategy', dropAt: 1 },
    { head: 'leg' },
    { head: 'side', dropAt: 3 },
    { head: 'quantity', align: 'right' },
    { head: 'price', align: 'right' },
    { head: 'state' },
    { head: 'filled' },
  ];
  return fitTable(columns, rows, { width, paint, heads: true });
};

export const riskLines: Section = ({ riskEvents }, width, paint) => {
  if (riskEvents.length === 0) return [paint('none', 'dim')];
  return riskEvents.map(({ recordedAt, code, message }) =>
    paint(clip(`${recordedAt.slice(11, 19)}  ${code}: ${message}`, width), 'yellow'),
  );
};

/** Whose they are is said first, whatever there is room for. */
export const newsLines: Section = ({ news }, width, paint) => {
  if (news === null) return [];
  const answering = news.sources.filter(({ failures }) => failures === 0).length;
  const moods = news.moods.map(({ asset, score, trend, missing }): Cell => ({
    text: `${asset} ${signedScore(score)}${trend === null ? '' : ` (${signedScore(trend)})`}${missing === 0 ? '' : `, ${percent(missing)} missing`}`,
    ...scoreStyle(score),
  }));
  const none: Cell = { text: 'no mood', style: 'dim' };
  const sources: Cell = {
    text: `${answering} of ${news.sources.length} sources answer`,
    style: answering === news.sources.length ? 'dim' : 'yellow',
  };
  const stories = news.stories.map(({ title, sentiment, breaking }) =>
    paint(clip(`${signedScore(sentiment).padStart(5)}  ${breaking ? '! ' : ''}${title}`, width), 'dim'),
  );
  return [
    paint(clip(news.label, width), news.of === 'demonstration' ? 'yellow' : 'dim'),
    row([...(moods.length === 0 ? [none] : moods), sources], width, paint),
    ...stories,
  ];
};

function scoreStyle(score: number): { readonly style?: Style } {
  if (Math.abs(score) < 0.05) return {};
  return { style: score < 0 ? 'red' : 'green' };
}

export const footerLines: Section = ({ links }, width, paint) => {
  const parts = links.map(({ name, url }): Cell => ({ text: `${name} ${url}` }));
  return [row([...parts, { text: 'Ctrl-C stops', style: 'dim' }], width, paint)];
};

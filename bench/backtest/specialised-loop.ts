import type { BarColumns } from '../../domain/bar-columns';

/** A round trip as the loop tells it: whole ticks, lots and units of money (1e-8 quote). */
export interface LoopTrade {
  readonly openTimeMs: number;
  readonly closeTimeMs: number;
  readonly lots: number;
  readonly entryTicks: number;
  readonly exitTicks: number;
  readonly profitUnits: number;
  readonly exitReason: string;
}

/** One tick of 0.01 on one lot of 0.00001 is ten units of money. */
const UNITS_PER_TICK_LOT = 10;
const FAST = 2 / 13;
const SLOW = 2 / 27;
const KEEP = 1 - 1 / 14;

/**
 * The reference task with nothing else in it: long when EMA(12) crosses above EMA(26) with RSI(14) below 70, out on the
 * opposite cross, both at the next open; stop 2 %, target 4 % of the fill, the stop first, gaps at the open; 0.1 % fee a side,
 * rounded up; 10 % of cash per trade, the fee included. One pass, no indicator is stored, no function is called.
 *
 * This is what the engine is measured against, so it is as fast as it can be and not meant to be read with joy.
 * @param from the first bar at whose close it may decide
 */
export function specialisedLoop(bars: BarColumns, startUnits: number, from: number): LoopTrade[] {
  const { open, high, low, close, openTimeMs, length } = bars;
  const trades: LoopTrade[] = [];
  let cash = startUnits;
  let fast = 0;
  let slow = 0;
  let net = 0;
  let distance = 0;
  let previousClose = close[0] ?? NaN;
  let lots = 0;
  let entryTicks = 0;
  let entryMs = 0;
  let paid = 0;
  let stop = 0;
  let target = 0;
  let wantsIn = false;
  let wantsOut = false;
  for (let i = 0; i < length; i += 1) {
    const opened = open[i] ?? NaN;
    let exitTicks = 0;
    let exitReason = '';
    if (wantsOut) {
      wantsOut = false;
      exitTicks = Math.round(opened * 100);
      exitReason = 'strategy';
    } else if (wantsIn) {
      wantsIn = false;
      entryTicks = Math.round(opened * 100);
      const budget = Math.floor(cash / 10);
      const perLot = entryTicks * UNITS_PER_TICK_LOT;
      lots = Math.floor(budget / (perLot * 1.001));
      while ((lots + 1) * perLot + Math.ceil(((lots + 1) * perLot) / 1000) <= budget) lots += 1;
      while (lots * perLot + Math.ceil((lots * perLot) / 1000) > budget) lots -= 1;
      paid = lots * perLot + Math.ceil((lots * perLot) / 1000);
      cash -= paid;
      stop = Math.ceil((entryTicks * 98) / 100) / 100;
      target = Math.floor((entryTicks * 104) / 100) / 100;
      entryMs = openTimeMs[i] ?? NaN;
    }
    let exitMs = openTimeMs[i] ?? NaN;
    if (lots > 0 && exitTicks === 0) {
      if ((low[i] ?? NaN) <= stop) {
        const gap = opened <= stop;
        exitTicks = Math.round((gap ? opened : stop) * 100);
        exitReason = 'stop';
        if (!gap && opened >= target) {
          exitTicks = Math.round(opened * 100);
          exitReason = 'target';
        }
      } else if ((high[i] ?? NaN) >= target) {
        exitTicks = Math.round((opened >= target ? opened : target) * 100);
        exitReason = 'target';
      }
      exitMs += 59_999;
    }
    if (exitTicks > 0) {
      const notional = exitTicks * lots * UNITS_PER_TICK_LOT;
      const got = notional - Math.ceil(notional / 1000);
      cash += got;
      trades.push({
        openTimeMs: entryMs,
        closeTimeMs: exitMs,
        lots,
        entryTicks,
        exitTicks,
        profitUnits: got - paid,
        exitReason,
      });
      lots = 0;
    }
    const closed = close[i] ?? NaN;
    const [previousFast, previousSlow] = [fast, slow];
    if (i < 12) {
      fast += closed;
      if (i === 11) fast /= 12;
    } else fast += (closed - fast) * FAST;
    if (i < 26) {
      slow += closed;
      if (i === 25) slow /= 26;
    } else slow += (closed - slow) * SLOW;
    const change = closed - previousClose;
    previousClose = closed;
    if (i <= 14) {
      net += change;
      distance += Math.abs(change);
    } else {
      net = net * KEEP + change;
      distance = distance * KEEP + Math.abs(change);
    }
    if (i < from) continue;
    if (lots > 0) wantsOut = fast < slow;
    else wantsIn = previousFast <= previousSlow && fast > slow && 50 + (50 * net) / distance < 70;
  }
  if (lots > 0) {
    const exitTicks = Math.round((close[length - 1] ?? NaN) * 100);
    const notional = exitTicks * lots * UNITS_PER_TICK_LOT;
    const got = notional - Math.ceil(notional / 1000);
    trades.push({
      openTimeMs: entryMs,
      closeTimeMs: (openTimeMs[length - 1] ?? NaN) + 59_999,
      lots,
      entryTicks,
      exitTicks,
      profitUnits: got - paid,
      exitReason: 'end-of-data',
    });
  }
  return trades;
}

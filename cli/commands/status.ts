import type { ClockReading } from '../../domain/clock';
import type { ReconciliationRecord } from '../../adapters/store/found';
import { drawdownFraction } from '../../domain/equity';
import { subtract } from '../../domain/decimal';
import { describeStranded } from '../../domain/delisting';
import { isUnexplained } from '../../domain/findings';
import { Lane } from '../../domain/lane';
import { isDelisted, PositionState } from '../../domain/position';
import { agentText, panelState, panelText } from '../../config/deliberation';
import { defineCommand, noOptions } from '../command';
import { withContext } from '../context';
import { clip, gain, money, percent, span, utcTime } from '../format';
import { describeInference, readInference } from '../inference-state';
import { marketState, readMarket } from '../market-now';
import { laneOf, lastDecidedMs, runningStrategies } from '../strategy-client';

function marketStateText(clock: ClockReading): string {
  if (clock.staleSinceMs === undefined) return marketState(clock);
  return `no live data for ${span(Date.now() - clock.staleSinceMs)}: orders are refused until it is back`;
}

export const statusCommand = defineCommand({
  command: 'status',
  describe: 'The account at a glance: mode, equity, positions, strategies',
  builder: noOptions,
  run: (options) =>
    withContext(options, async (context) => {
      const { account, config, running, output } = context;
      const views = await context.views();
      const [state, totals, events, market, strategies, reconciled, open, inference] = await Promise.all([
        views.account(account.account),
        views.totals({ account: account.account }),
        views.riskEvents({ account: account.account, limit: 3 }),
        readMarket(context, []),
        context.temporal().then((client) => runningStrategies(client, account.account)),
        context.store().then((journal) => journal.lastReconciliation(account.account)),
        views.positions({ account: account.account, state: PositionState.Live }),
        readInference(context),
      ]);
      const delisted = open.filter(isDelisted);
      const fastLanes = await Promise.all(
        strategies
          .filter((name) => laneOf(config.strategies.find((entry) => entry.name === name)) === Lane.Fast)
          .map(async (name) => ({
            name,
            lastBarCloseMs: await lastDecidedMs(views, account.account, name),
          })),
      );
      const clock = market?.clock ?? null;
      const value = {
        account: account.account,
        mode: config.mode,
        state: state ?? null,
        totals,
        clock,
        strategies,
        fastLanes,
        riskEvents: events,
        panel: panelState(config),
        reconciliation: reconciled ?? null,
        inference,
        delisted: delisted.map(({ positionId }) => positionId),
      };
      output.result(value, () => {
        const line = (name: string, text: string): void => {
          output.say(`${name.padEnd(12)}${text}`);
        };
        line(
          'Account',
          `${account.account} on ${account.venue}, mode ${config.mode}${running === undefined ? '' : `: ${running.market}`}`,
        );
        line(
          'Up',
          running === undefined
            ? 'no `ballast up` runs here'
            : `process ${running.pid}, for ${span(Date.now() - running.startedAtMs)}`,
        );
        line(
          'Market',
          market === undefined
            ? 'the exchange does not answer'
            : `${utcTime(market.marketTimeMs)} UTC, ${market.clock.speed}×, ${marketStateText(market.clock)}`,
        );
        line('Panel', panelText(config));
        line('Agent', agentText(config));
        line('Models', describeInference(inference));
        if (state === undefined) {
          line('Trading', 'the account has not traded yet');
          return;
        }
        line('Trading', `${state.mode}${state.modeReason === '' ? '' : `: ${state.modeReason}`}`);
        if (state.equity !== null) {
          const today = subtract(state.equity.equity, state.equity.equityAtDayStart);
          line(
            'Equity',
            `${money(state.equity.equity)}, today ${gain(today)}, drawdown ${percent(drawdownFraction(state.equity))}`,
          );
        }
        line(
          'Positions',
          `${totals.livePositions} open, ${totals.closedPositions} closed (${totals.wins} won, ${totals.losses} lost, realised ${gain(totals.realisedPnl)})`,
        );
        for (const position of delisted)
          line('Delisted', `${describeStranded(position, null)} cannot be sold; see ballast positions`);
        line('Strategies', strategies.length === 0 ? 'none is running' : strategies.join(', '));
        for (const { name, lastBarCloseMs } of fastLanes) {
          const bar = lastBarCloseMs === null ? 'none yet' : utcTime(lastBarCloseMs, 'minutes');
          line('Fast lane', `${name}, last bar ${bar}`);
        }
        line('Reconciled', reconciled === undefined ? 'never' : outcomeOf(reconciled));
        for (const event of events) line('Risk event', clip(`${event.code}: ${event.message}`, 100));
      });
    }),
});

function outcomeOf({ recordedAt, report }: ReconciliationRecord): string {
  const unexplained = report.findings.filter(isUnexplained).length;
  const outcome = unexplained === 0 ? 'everything is explained' : `${unexplained} not explained`;
  return `${span(Date.now() - Date.parse(recordedAt))} ago: ${outcome} (ballast reconcile --last)`;
}

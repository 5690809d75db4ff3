import { panelSettings, type PanelSettings } from '../domain/deliberation/settings';
import { AGENT_ID } from '../domain/agent/tool-names';
import type { BallastConfig } from './config';
import { conversingModels } from './embedded-model';
import { Mode } from './schema';

type Configured = Pick<BallastConfig, 'deliberation' | 'models'>;

/** Whether the panel deliberates, and why not. */
export type PanelState =
  | { readonly on: true; readonly settings: PanelSettings; readonly strategies: readonly string[] | null }
  | { readonly on: false; readonly why: string };

/** What is configured of the panel, as it is meant: it is off while a seat has nobody to speak for it. */
export function panelState({ deliberation, models }: Configured): PanelState {
  const { enabled, strategies, ...rest } = deliberation;
  if (!enabled) return { on: false, why: 'deliberation.enabled is false' };
  const able = conversingModels(models);
  const silent = [
    ...new Set(rest.seats.map(({ role }) => role).filter((role) => (able[role] ?? []).length === 0)),
  ];
  if (silent.length > 0) {
    const roles = silent.map((role) => `models.roles.${role}`).join(', ');
    return {
      on: false,
      why: `no capable model speaks for every seat: name one in ${roles}, or leave the seat out of deliberation.seats`,
    };
  }
  return { on: true, settings: panelSettings.parse(rest), strategies };
}

/** The panel that looks at the entries of a strategy; undefined when none does. */
export function panelOf(configured: Configured, strategy: string): PanelSettings | undefined {
  const state = panelState(configured);
  return state.on && (state.strategies?.includes(strategy) ?? true) ? state.settings : undefined;
}

/** One line for people, where they look. */
export function panelText(configured: Configured & Pick<BallastConfig, 'mode' | 'market'>): string {
  const state = panelState(configured);
  if (!state.on) return `off: ${state.why}`;
  const { mode, market } = configured;
  const { speed } = market;
  if (speed > 1 && (mode === Mode.Simulated || mode === Mode.Replay))
    return `off while the market runs at ${speed}×: opinions take wall time (market.speed: 1)`;
  const { seats, rounds, quorum, deadlineMs } = state.settings;
  const who = seats.map(({ seat }) => seat).join(', ');
  const of = state.strategies === null ? 'all strategies' : state.strategies.join(', ');
  return `on for ${of}: ${who}; ${rounds} round${rounds === 1 ? '' : 's'}, quorum ${quorum}, ${deadlineMs / 1000} s at most`;
}

/** Whether a strategy `agent` could run, in one line for people. */
export function agentText({ models, strategies }: Pick<BallastConfig, 'models' | 'strategies'>): string {
  const able = conversingModels(models)[AGENT_ID] ?? [];
  if (able.length === 0) return `off: no capable model in models.roles.${AGENT_ID}`;
  const own = strategies.filter(({ strategy }) => strategy === AGENT_ID).map(({ name }) => name);
  const by = `by ${able.join(', ')}`;
  return own.length === 0
    ? `could be started, ${by}; no configured strategy is one`
    : `${own.join(', ')}, ${by}`;
}

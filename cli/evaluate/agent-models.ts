import { createCallLog } from '../../adapters/llm/call-log';
import { Hindsight, hindsightOf, publishedCutOff } from '../../adapters/llm/cut-off';
import type { ModelEntry } from '../../adapters/llm/managed-model';
import { createModelManager, type ModelManager } from '../../adapters/llm/manager';
import { modelEntries } from '../../adapters/llm/open-models';
import { monthOf } from '../../adapters/llm/price';
import type { BallastConfig } from '../../config/config';
import { panelState } from '../../config/deliberation';
import { utcTime } from '../../domain/display';
import type { PanelSettings } from '../../domain/deliberation/settings';
import { UserError } from '../../domain/errors';
import type { MarketData } from '../market-data';

/** A panel that can be asked. */
export interface AskablePanel {
  readonly settings: PanelSettings;
  readonly manager: ModelManager;
  /** The models of a role, in the order in which they are asked. */
  readonly chainOf: (role: string) => readonly ModelEntry[];
  /** What exactly answers, by role. */
  readonly identities: Readonly<Record<string, readonly string[]>>;
  /** Dollars that are left of the month. */
  readonly leftUsd: number;
}

/**
 * The panel as it is configured, whether it is enabled or not.
 * @throws UserError when a seat has nobody to speak for it
 */
export async function openPanel({ config, pool }: MarketData, anonymise: boolean): Promise<AskablePanel> {
  const settings = panelSettingsOf(config, anonymise);
  const { available, roles, deadlineMs, monthlyBudgetUsd, cacheTtlMs, replay } = config.models;
  const models = modelEntries(available, config.models);
  const log = createCallLog(pool);
  const chainOf = (role: string): readonly ModelEntry[] =>
    (roles[role] ?? []).flatMap((name) => models.find((model) => model.name === name) ?? []);
  const used = [...new Set(settings.seats.map(({ role }) => role))];
  const identities = await Promise.all(
    used.map(
      async (role) => [role, await Promise.all(chainOf(role).map((model) => model.identity()))] as const,
    ),
  );
  const { spentUsd, reservedUsd } = await log.budget(monthOf(Date.now()));
  const manager = createModelManager({
    ...{ models, roles, log, deadlineMs, monthlyBudgetUsd, cacheTtlMs, replay, nowMs: Date.now },
  });
  const leftUsd = Math.max(0, Number(monthlyBudgetUsd) - Number(spentUsd) - Number(reservedUsd));
  return { settings, manager, chainOf, identities: Object.fromEntries(identities), leftUsd };
}

function panelSettingsOf({ deliberation, models }: BallastConfig, anonymise: boolean): PanelSettings {
  const state = panelState({ deliberation: { ...deliberation, enabled: true }, models });
  if (state.on) return { ...state.settings, anonymise: anonymise || state.settings.anonymise };
  throw new UserError(
    `The panel cannot be evaluated: ${state.why}.`,
    'Configure models for its seats (docs/models.md), or evaluate without it: --arms rules,mood',
  );
}

/** Models of the panel that may remember a period, in words. */
export function hindsightIn(
  { models }: Pick<BallastConfig, 'models'>,
  { seats, anonymise }: PanelSettings,
  fromMs: number,
): readonly string[] {
  const names = new Set(seats.flatMap(({ role }) => models.roles[role] ?? []));
  const remembering = models.available
    .filter(({ name }) => names.has(name))
    .flatMap(({ name, model, cutOff = publishedCutOff(model) }) => {
      switch (hindsightOf(cutOff, fromMs)) {
        case Hindsight.None:
          return [];
        case Hindsight.Possible:
          return [
            `${name} was trained on texts until ${cutOff ?? ''}, and the period begins on ${utcTime(fromMs).slice(0, 10)}: it may remember how it went`,
          ];
        case Hindsight.Unknown:
          return [`until when the texts reach that ${name} was trained on is not known: set its cutOff`];
      }
    });
  return anonymise && remembering.length > 0
    ? [
        ...remembering,
        'names, dates and price levels were hidden, which makes remembering harder and proves nothing',
      ]
    : remembering;
}

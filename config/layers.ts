import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { UserError } from '../domain/errors';

/** Settings as somebody wrote them, unchecked. */
export type RawSettings = Readonly<Record<string, unknown>>;

/** One source of settings. `origin` names it for people. */
export interface Layer {
  readonly origin: string;
  readonly settings: RawSettings;
}

/** All layers in one, and who said what: from a path like `risk.riskFraction` to the layer's origin. */
export interface MergedLayers {
  readonly settings: RawSettings;
  readonly origins: ReadonlyMap<string, string>;
}

export const PROFILES = ['dev', 'paper', 'testnet', 'live'] as const;

const profilesFolder = join(__dirname, 'profiles');

/** @throws UserError when there is no such profile. */
export function profileLayers(profile: string): Layer[] {
  if (!PROFILES.some((known) => known === profile)) {
    throw new UserError(`There is no profile "${profile}".`, `Profiles: ${PROFILES.join(', ')}.`);
  }
  return ['default', profile].map((name) => ({
    ...readYamlLayer(join(profilesFolder, `${name}.yaml`)),
    origin: `profile ${name}`,
  }));
}

/** @throws UserError when the file is missing or is not a YAML mapping. */
export function readYamlLayer(file: string): Layer {
  if (!existsSync(file))
    throw new UserError(`There is no configuration file ${file}.`, 'Check the path after --config.');
  const document = parseDocument(readFileSync(file, 'utf8'));
  const [fault] = document.errors;
  if (fault !== undefined) throw new UserError(`${file} is not valid YAML: ${fault.message.trim()}`);
  const settings: unknown = document.toJS() ?? {};
  if (!isSettings(settings)) {
    throw new UserError(`${file} must hold settings by name, like "market:", not a list or a single value.`);
  }
  return { origin: file, settings };
}

/** Later layers win. Mappings are merged key by key; lists and single values are replaced whole. */
export function mergeLayers(layers: readonly Layer[]): MergedLayers {
  const origins = new Map<string, string>();
  let settings: RawSettings = {};
  for (const layer of layers) settings = merge(settings, layer, layer.settings, '', origins);
  return { settings, origins };
}

function merge(
  below: RawSettings,
  layer: Layer,
  above: RawSettings,
  path: string,
  origins: Map<string, string>,
): RawSettings {
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    if (value === undefined) continue;
    const here = path === '' ? key : `${path}.${key}`;
    const known = Object.hasOwn(merged, key) ? merged[key] : undefined;
    origins.set(here, layer.origin);
    merged[key] = isSettings(value)
      ? merge(isSettings(known) ? known : {}, layer, value, here, origins)
      : value;
  }
  return merged;
}

export const isSettings = (value: unknown): value is RawSettings =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at a dotted path, or undefined. List members are addressed by their index. */
export function settingAt(settings: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as RawSettings)[String(key)] : undefined,
    settings,
  );
}

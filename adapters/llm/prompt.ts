import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { textHash } from './request-hash';
import type { ModelMessage } from './port';

const fileSchema = z.strictObject({ system: z.string().min(1), user: z.string().min(1) });

/**
 * A prompt as it was released: `prompts/<name>.v<version>.yaml`. A version is never edited, a better one gets the next number, so that
 * a record of a call says for ever what was asked.
 */
export interface Prompt {
  readonly name: string;
  readonly version: number;
  /** Of the file's text. */
  readonly hash: string;
  /**
   * The messages, with each `{{variable}}` replaced by its value. Values are inserted once and never read for variables themselves, so
   * that a text from outside cannot pull in another one.
   * @throws Error when a variable has no value, or a value no variable
   */
  render(values: Readonly<Record<string, string>>): readonly ModelMessage[];
}

const PROMPTS = join(__dirname, 'prompts');
const FILE = /^([a-z][a-z0-9-]*)\.v([1-9]\d*)\.yaml$/;
const VARIABLE = /\{\{\s*([A-Za-z]\w*)\s*\}\}/g;

/** @throws Error when there is no such prompt, or its file is not one */
export function loadPrompt(name: string, version: number, folder: string = PROMPTS): Prompt {
  const text = readFileSync(join(folder, `${name}.v${version}.yaml`), 'utf8');
  const { system, user } = fileSchema.parse(parse(text));
  const variables = new Set(
    [...`${system}\n${user}`.matchAll(VARIABLE)].map(([, variable = '']) => variable),
  );
  return {
    name,
    version,
    hash: textHash(text),
    render(values) {
      const missing = [...variables].filter((variable) => !(variable in values));
      const unknown = Object.keys(values).filter((variable) => !variables.has(variable));
      if (missing.length + unknown.length > 0)
        throw new Error(
          `Prompt ${name} v${version}: without a value: ${missing.join(', ') || '–'}; without a variable: ${unknown.join(', ') || '–'}.`,
        );
      const fill = (template: string): string =>
        template.replaceAll(VARIABLE, (_match, variable: string) => values[variable] ?? '').trim();
      return [
        { role: 'system', content: fill(system) },
        { role: 'user', content: fill(user) },
      ];
    },
  };
}

/** Every prompt there is, by name and version. */
export const listPrompts = (folder: string = PROMPTS): readonly { name: string; version: number }[] =>
  readdirSync(folder)
    .flatMap((file) => {
      const [, name, version] = FILE.exec(file) ?? [];
      return name === undefined ? [] : [{ name, version: Number(version) }];
    })
    .sort((a, b) => (a.name === b.name ? a.version - b.version : a.name < b.name ? -1 : 1));

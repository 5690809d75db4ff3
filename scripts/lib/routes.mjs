import { SetupError } from './project.mjs';

/**
 * @typedef {object} Route one way to get a thing
 * @property {string} name how the user would call it
 * @property {() => Promise<string | undefined>} get the thing's path; undefined when this route does not apply here; throws the reason when it should have worked
 */

/**
 * Takes the first route that leads to a path.
 * @param {string} what the thing, as the user knows it
 * @param {Route[]} routes in order of preference
 * @param {string} remedy what to install or set, one sentence
 * @throws {SetupError} naming every route's failure when none worked
 */
export async function firstRoute(what, routes, remedy) {
  const failures = [];
  for (const { name, get } of routes) {
    try {
      const path = await get();
      if (path !== undefined) return path;
      failures.push(`${name}: not there`);
    } catch (error) {
      failures.push(`${name}: ${error.message}`);
    }
  }
  throw new SetupError(
    [
      `${what} could not be provided.`,
      ...failures.map((failure) => `  - ${failure}`),
      `What to do: ${remedy}`,
    ].join('\n'),
  );
}

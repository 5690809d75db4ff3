import { resolve } from 'node:path';
import { provideDependencies } from './dependencies.mjs';
import { become, environmentWith, provideNode } from './node.mjs';

/**
 * Makes this checkout ready to run: afterwards the current process runs on a Node that is new enough, with the locked
 * dependencies installed. On an older Node it provides a newer one and starts this same command again with it.
 */
export async function bootstrap() {
  const node = await provideNode();
  if (node !== process.execPath) {
    await become(node, [resolve(process.argv[1]), ...process.argv.slice(2)], environmentWith(node));
  }
  process.env.PATH = environmentWith(node).PATH;
  await provideDependencies(node);
}

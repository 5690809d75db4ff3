import type { Environment } from './environment-layer';

/** The process's environment and folder: the only place which reads them. */
export const processEnvironment = (): { readonly env: Environment; readonly cwd: string } => ({
  env: { ...process.env },
  cwd: process.cwd(),
});

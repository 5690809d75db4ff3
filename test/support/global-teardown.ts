import { stopSharedPostgres } from './shared-postgres';

/** Jest runs this once, after the last suite. */
export = stopSharedPostgres;

import { provideAuthorModules } from './modules';

/** Preloaded (`node --require`) where the tests of a user's strategies run: the current folder is that of the strategies. */
provideAuthorModules(process.cwd());

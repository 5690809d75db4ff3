import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

/**
 * Must be imported before everything else. What V8 makes of a file is kept beside the compiled program, so that the next start need
 * not make it again; where nothing can be written there, every start does, as ever.
 */
enableCompileCache(join(__dirname, '../.compile-cache'));

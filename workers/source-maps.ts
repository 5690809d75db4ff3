import { setSourceMapsSupport } from 'node:module';

/**
 * Imported before anything else: stack traces name our own TypeScript. Node's `--enable-source-maps` would read the maps of every
 * package as well, and hold them: 5 MB that nobody looks at.
 */
setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });

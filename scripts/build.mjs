#!/usr/bin/env node
/** Compiles the project to dist/. */
import { build } from './lib/build.mjs';
import { runMain } from './lib/project.mjs';

await runMain(build);

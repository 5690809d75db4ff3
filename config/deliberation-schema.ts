import { z } from 'zod';
import { panelSettings, QUORUM_FAULT, quorumIsReachable } from '../domain/deliberation/settings';

/** The panel that looks at entries; docs/deliberation.md. Defaults are stated with its rules, since a record of an older `ballast up` has none. */
export const deliberationSchema = panelSettings
  .extend({
    enabled: z.boolean().default(false),
    /** Names of the strategies whose entries it looks at; null for all. */
    strategies: z.array(z.string()).nullable().default(null),
  })
  .refine(quorumIsReachable, QUORUM_FAULT);

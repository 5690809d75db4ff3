/** Who makes situations comparable: a role of models that have embeddings. */
export const EMBEDDING_ROLE = 'embedding';
/** Who writes what is to be learnt of a trade: a role of models that can reason. */
export const REFLECTION_ROLE = 'reflection';

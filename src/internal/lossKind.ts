/**
 * Contents of the first argument of a loss. `'pairs'`: policy and reference log-probs of preference pairs (`hinge` and `ipo` also
 * accept the policy alone). `'referenceFreePairs'`: policy log-probs of preference pairs. `'examples'`: policy and reference
 * log-probs of unpaired examples, with their labels. `'completions'`: policy and reference log-probs of single completions without
 * labels. `'referenceFreeCompletions'`: policy log-probs of single completions. `'lists'`: policy and reference log-probs of K
 * candidates. `'referenceFreeLists'`: policy log-probs of K candidates. `'rewards'`: reward-model scores of preference pairs.
 */
export type LossKind =
  'pairs' | 'referenceFreePairs' | 'examples' | 'completions' | 'referenceFreeCompletions' | 'lists' | 'referenceFreeLists' | 'rewards';

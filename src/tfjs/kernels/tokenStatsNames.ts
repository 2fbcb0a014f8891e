/**
 * Kernel of `tokenStats`.
 * Inputs: `logits [..., V]`, `labels [...]`, of N tokens. Attribute: `ignoreIndex`.
 * Output: `[5, N]`: log-prob, entropy, correctness, mean logit, log of the sum of squared probabilities.
 */
export const STATS = 'PreflossTokenStats';

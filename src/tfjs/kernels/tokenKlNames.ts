/**
 * Forward kernel of `tokenKl`.
 * Inputs: `policy [..., V]`, `reference`, of N tokens.
 * Output: `[5, N]`: the divergence, and of the policy and of the reference the largest logit and the sum of `e^(logit - largest)`.
 */
export const KL = 'PreflossTokenKl';

/**
 * Backward kernel of `tokenKl`.
 * Inputs: `policy`, `reference`, `saved` (the forward output), `dy [...]`.
 * Output: the gradient `dy (p - q)` by the policy, `[..., V]`; 0 where `dy` is, whatever the logits are.
 */
export const KL_BACKWARD = 'PreflossTokenKlGrad';

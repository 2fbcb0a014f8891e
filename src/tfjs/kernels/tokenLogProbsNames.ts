/**
 * Forward kernel of `tokenLogProbs`.
 * Inputs: `logits [..., V]`, `labels [...]`, of N tokens. Attribute: `ignoreIndex`.
 * Output: `[3, N]`, of each row its log-prob, its largest logit and its sum of `e^(logit - largest)`. Both of the latter
 * are kept, and not their combination `largest + log(sum)`, whose rounding at large logits would be an error of every
 * probability in the backward pass.
 * On tensorflow there are two outputs, the log-probs `[N]` and the probabilities `[N, V]`: TensorFlow has a softmax, and to
 * compute it again costs more time than to keep it.
 */
export const FORWARD = 'PreflossTokenLogProbs';

/**
 * Backward kernel of `tokenLogProbs`.
 * Inputs: `logits`, `labels`, `saved` (the forward output, on tensorflow the second), `dy [...]`. Attribute: `ignoreIndex`.
 * Output: the gradient `[..., V]`: `-dy * p`, and `-dy * expm1(logp)` at the label, which is `dy * (1 - p)` without
 * cancellation.
 * On cpu, wasm and webgpu the logits may also be those of a part of the vocabulary, with `saved` of all of it: the attribute
 * `partial` is then 1, else 0, and a label outside of them has no element here.
 */
export const BACKWARD = 'PreflossTokenLogProbsGrad';

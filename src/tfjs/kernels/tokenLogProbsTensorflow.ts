import {
  gather,
  max,
  mul,
  reshape,
  softmax,
  tensor,
  tensor1d,
  tidy,
  zeros,
  type KernelConfig,
  type Tensor,
  type TypedArray,
} from '@tensorflow/tfjs-core';
import { inPlace } from './tensorflow.js';
import { BACKWARD, FORWARD } from './tokenLogProbsNames.js';

type Inputs = Readonly<Record<string, Tensor>>;

/** Below it a probability begins to lose digits, and its logarithm with them. */
const SMALL = 2 ** -100;

// Operations that a kernel runs are not put on the tape.
const tensorflowKernel = (kernelName: string, run: (inputs: Inputs, ignoreIndex: number) => Tensor | Tensor[]): KernelConfig => ({
  kernelName,
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs }) => tidy(() => run(inputs as unknown as Inputs, attrs!.ignoreIndex as number)),
});

/** The place of each label among all logits; of an ignored one, the first of its row. */
function places(labels: TypedArray, vocabulary: number, ignoreIndex: number): Tensor {
  return tensor1d(
    labels.map((label, row) => row * vocabulary + (label === ignoreIndex ? 0 : label)),
    'int32',
  );
}

/** The values of a tensor at places among all of it. */
const valuesAt = (x: Tensor, at: Tensor): TypedArray => gather(reshape(x, [-1]), at).dataSync();

const forward = tensorflowKernel(FORWARD, ({ logits, labels }, ignoreIndex) => {
  const probabilities = softmax(logits!);
  const y = labels!.dataSync();
  const at = places(y, logits!.shape.at(-1)!, ignoreIndex);
  const likelihoods = valuesAt(probabilities, at);
  const logps = Float32Array.from(likelihoods, (p, row) => (y[row] === ignoreIndex ? 0 : Math.log(p)));
  // Also where it is NaN: the largest probability of such a row is no number either.
  const isLost = (p: number, row: number) => y[row] !== ignoreIndex && !(p >= SMALL);
  if (likelihoods.some(isLost)) {
    const [x, largest, likeliest] = [valuesAt(logits!, at), max(logits!, -1).dataSync(), max(probabilities, -1).dataSync()];
    likelihoods.forEach((p, row) => {
      if (isLost(p, row)) logps[row] = x[row]! - largest[row]! + Math.log(likeliest[row]!);
    });
  }
  return [tensor1d(logps), probabilities];
});

const backward = tensorflowKernel(BACKWARD, ({ labels, saved, dy }, ignoreIndex) => {
  const { shape } = saved!;
  const vocabulary = shape.at(-1)!;
  const y = labels!.dataSync();
  const at = places(y, vocabulary, ignoreIndex);
  const d = dy!.dataSync().map((value, row) => (y[row] === ignoreIndex ? 0 : value));
  const scaled = mul(
    saved!,
    tensor(
      d.map((value) => 0 - value),
      [...shape.slice(0, -1), 1],
    ),
  );
  const gradient = reshape(inPlace('InplaceAdd', reshape(scaled, [-1]), at, tensor1d(d)), [-1, vocabulary]);
  // A NaN among the logits of an ignored row has made all of its probabilities NaN, which no factor of 0 takes away.
  const someOfRow = valuesAt(saved!, at);
  const broken = Array.from(y.keys()).filter((row) => y[row] === ignoreIndex && Number.isNaN(someOfRow[row]));
  const cleaned = broken.reduce((g, row) => inPlace('InplaceUpdate', g, tensor1d([row], 'int32'), zeros([1, vocabulary])), gradient);
  return reshape(cleaned, shape);
});

/**
 * `tokenLogProbs` for tfjs's Node.js backend: TensorFlow's own softmax, which is kept for the backward pass, and a gradient
 * in one buffer. What there is one of a row is computed here, in float64.
 */
export const tokenLogProbsTensorflow: readonly KernelConfig[] = [forward, backward];

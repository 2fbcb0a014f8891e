import { sum, take } from '../../backend/ops.js';
import { tokenLogProbs } from '../../logprobs/tokenLogProbs.js';
import type { Check } from './check.js';
import type { Subject } from './subject.js';
import { floats, ints, sample, type AnyTensor } from './valueCase.js';

type Unary = (x: AnyTensor) => AnyTensor;

/** What integers have in place of NaN. */
const NO_INT = -(2 ** 31);

/** The values of the tensors that a call gives; none if it throws, as engines do that can read the index. */
async function valuesOf({ backend, free }: Subject, call: () => readonly AnyTensor[]): Promise<number[][]> {
  let results: readonly AnyTensor[];
  try {
    results = backend.scope(call);
  } catch {
    return [];
  }
  const values = await backend.read(results);
  free(results);
  return values.map((x) => Array.from(x));
}

/** The value of a function and the gradients of its sum, by name; without those that throw. */
async function resultsOf(subject: Subject, f: Unary, x: AnyTensor): Promise<[name: string, values: number[]][]> {
  const calls: [string, () => readonly AnyTensor[]][] = [
    ['value', () => [f(x)]],
    ...Object.entries(subject.gradients).map(([name, gradient]): [string, () => readonly AnyTensor[]] => [
      name,
      () => gradient((own) => sum(f(own)), [x]).grads,
    ]),
  ];
  const read: [string, number[]][] = [];
  for (const [name, call] of calls) for (const values of await valuesOf(subject, call)) read.push([name, values]);
  return read;
}

/** An index out of range throws, or gives NaN in the row and in its gradient. */
async function indices(subject: Subject): Promise<string[]> {
  const { free, make } = subject;
  const problems: string[] = [];
  for (const index of [3, -1, 1000, -1000]) {
    const [x, at] = [make(floats([5, 6, 7])), make(ints([1, index]))];
    for (const [name, values] of await resultsOf(subject, (own) => take(own, at), x)) {
      const isRight = name === 'value' ? values[0] === 6 && Number.isNaN(values[1]) : values.some(Number.isNaN);
      if (!isRight) problems.push(`take of index ${index} from 3 rows: the ${name} is [${values.join(', ')}], expected an error or NaN`);
    }
    free([x, at]);
    const [whole, own] = [make(ints([5, 6, 7])), make(ints([1, index]))];
    for (const values of await valuesOf(subject, () => [take(whole, own)]))
      if (values[0] !== 6 || !(Number.isNaN(values[1]) || values[1] === NO_INT))
        problems.push(`take of index ${index} from 3 integers is [${values.join(', ')}], expected an error, NaN or -2^31`);
    free([whole, own]);
  }
  return problems;
}

const [ROWS, VOCABULARY] = [3, 4];

/** A label out of range throws, or gives NaN in the value and the gradient of its row alone. */
async function labels(subject: Subject): Promise<string[]> {
  const { free, make } = subject;
  const problems: string[] = [];
  for (const label of [VOCABULARY, -1, 1000]) {
    const [logits, own] = [make(sample([ROWS, VOCABULARY], 'float')), make(ints([1, label, 3]))];
    for (const [name, values] of await resultsOf(subject, (x) => tokenLogProbs(x, own), logits)) {
      const size = values.length / ROWS;
      const hasNaN = (row: number): boolean => values.slice(row * size, (row + 1) * size).some(Number.isNaN);
      if (hasNaN(0) || !hasNaN(1) || hasNaN(2))
        problems.push(`tokenLogProbs with labels [1, ${label}, 3] of ${VOCABULARY} tokens: the ${name} is [${values.join(', ')}], expected an error, or NaN in the second row`); // prettier-ignore
    }
    free([logits, own]);
  }
  return problems;
}

/** Checks of indices that are no rows, and of labels that are no tokens. */
export const outOfRangeChecks = (): Check[] => [
  { name: 'take out of range', group: 'operations', problems: indices },
  { name: 'labels out of range', group: 'tokens', problems: labels },
];

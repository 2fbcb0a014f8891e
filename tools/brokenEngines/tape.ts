import { Tensor } from '../../examples/own-engine/engine.js';
import { elementwise } from '../../src/backend/arrays/elementwise.js';
import { summedTo } from '../../src/backend/arrays/shapes.js';
import { tensorFrom, type ArrayTensor } from '../../src/backend/arrays/tensor.js';
import type { Backend } from '../../src/backend/types.js';
import type { Argument, Rule, Rules } from './rules.js';

/** How a value was computed: its operands, and the gradients by them given the one by it. */
interface Origin {
  readonly operands: readonly Tensor[];
  readonly backward: (dy: ArrayTensor) => ReturnType<Rule>;
}

type Operation = (...args: readonly unknown[]) => Tensor;

/** A tensor as the rules take it. */
const asData = ({ data, shape, dtype }: Tensor): ArrayTensor => tensorFrom(Float64Array.from(data), shape, dtype);
const asArgument = (x: unknown): Argument => (x instanceof Tensor ? asData(x) : Array.isArray(x) ? x.map(asArgument) : x) as Argument;
const tensorsOf = (args: readonly unknown[]): Tensor[] => args.flat().filter((x) => x instanceof Tensor);

/** Records the operations on floats, so that a value can be differentiated. */
export class Tape {
  #origins: Map<Tensor, Origin> | undefined;

  constructor(readonly rules: Rules) {}

  /** The operations of an engine, recorded. */
  recording(engine: Backend<Tensor>): Backend<Tensor> {
    const recorded = Object.entries(engine)
      .filter(([name, method]) => name in this.rules && typeof method === 'function')
      .map(([name, operation]) => [name, this.#recorded(name, operation as Operation)]);
    return { ...engine, ...Object.fromEntries(recorded) } as Backend<Tensor>;
  }

  #recorded(name: string, operation: Operation): Operation {
    return (...args) => {
      const y = operation(...args);
      if (y.dtype !== 'float' || !tensorsOf(args).some((x) => this.#origins?.has(x))) return y;
      // A list of tensors has a gradient for each, other arguments have one.
      const operands = name === 'concat' ? (args[0] as Tensor[]) : (args as Tensor[]);
      const [own, inputs] = [asData(y), args.map(asArgument)];
      this.#origins!.set(y, { operands, backward: (dy) => this.rules[name]!(dy, own, ...inputs) });
      return y;
    };
  }

  /** Runs `f` without recording. */
  paused<R>(f: () => R): R {
    const origins = this.#origins;
    this.#origins = undefined;
    try {
      return f();
    } finally {
      this.#origins = origins;
    }
  }

  /** The value of `f`, and its gradients by the leaves: zeros where it does not depend on one. */
  differentiate(f: () => Tensor, leaves: readonly Tensor[]): { readonly value: Tensor; readonly grads: readonly Tensor[] } {
    const origins = new Map<Tensor, Origin>(leaves.map((x) => [x, { operands: [], backward: () => [] }]));
    this.#origins = origins;
    let value: Tensor;
    try {
      value = f();
    } finally {
      this.#origins = undefined;
    }
    const gradients = new Map<Tensor, ArrayTensor>([[value, tensorFrom(Float64Array.of(1), [])]]);
    for (const [y, { operands, backward }] of [...origins].reverse()) {
      const dy = gradients.get(y);
      if (!dy) continue;
      const byOperand = backward(dy);
      operands.forEach((x, i) => {
        const gradient = origins.has(x) && byOperand[i]!();
        if (!gradient) return;
        const { data, dims } = gradient;
        const own = tensorFrom(summedTo(Float64Array.from(data), dims, x.shape), x.shape);
        const sum = gradients.get(x);
        gradients.set(x, sum ? elementwise.add(sum, own) : own);
      });
    }
    const grads = leaves.map((x) => new Tensor(Float32Array.from(gradients.get(x)?.data ?? x.data.map(() => 0)), x.shape, 'float'));
    return { value, grads };
  }
}

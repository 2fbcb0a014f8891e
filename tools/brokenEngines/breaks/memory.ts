import { Tensor } from '../../../examples/own-engine/engine.js';
import type { Backend } from '../../../src/backend/types.js';
import { tensorsIn, type Memory } from '../memory.js';
import { allowed, method, type Break, type Operand } from './break.js';

type Engine = Backend<Tensor>;
type Unary = 'neg' | 'exp' | 'reshape' | 'sum' | 'sort' | 'cast' | 'stopGradient';
type Binary = 'add' | 'mul' | 'greater';

/** A scope that keeps or frees other tensors than it should; `kept` are those in its result. */
const scope = (how: string, run: <R>(f: () => R, engine: Engine, memory: Memory) => R): Break =>
  method(`scope ${how}`, (engine, memory) => ({ scope: (f) => run(f, engine, memory) }));

/** A scope that takes only a part of its result for tensors, and frees the others. */
const finding = (how: string, find: (result: unknown) => readonly Tensor[]): Break =>
  scope(how, (f, engine) => {
    const result = engine.scope(f);
    const found = find(result);
    for (const x of tensorsIn(result)) if (!found.includes(x)) engine.dispose!(x);
    return result;
  });

const isTensor = (x: unknown): x is Tensor => x instanceof Tensor;
const entries = (x: unknown): unknown[] => (typeof x === 'object' && x !== null && !isTensor(x) ? Object.values(x) : []);

const consumes = (name: Unary): Break =>
  method(`${name} consumes its input`, (engine) => ({
    [name]: (x: Tensor, ...others: never[]) => {
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-assertion -- without it, the rest is no tuple
      const run = (...all: never[]): Tensor => (engine[name] as (...all: never[]) => Tensor)(...all);
      const y = run(x as never, ...others);
      engine.dispose!(x);
      return y;
    },
  }));

const consumesOperand = (name: Binary, which: 0 | 1): Break =>
  method(`${name} consumes its ${which === 0 ? 'first' : 'second'} operand`, (engine) => ({
    [name]: (...operands: [Operand, Operand]) => {
      const y = engine[name](...operands);
      if (isTensor(operands[which])) engine.dispose!(operands[which]);
      return y;
    },
  }));

/** An operation that writes its result into the memory of its input. */
const inPlace = (name: 'neg' | 'exp' | 'sort' | 'cumsum'): Break =>
  method(`${name} overwrites its input`, (engine) => ({
    [name]: (x: Tensor) => {
      const y = engine[name](x);
      x.data.set(y.data);
      return y;
    },
  }));

/** An operation that gives its input, where that has the right values already. */
const itself = (name: string, change: (engine: Engine) => Partial<Engine>): Break => method(`${name} gives its input itself`, change);

export const memory: readonly Break[] = [
  scope('frees nothing', (f) => f()),
  scope('frees nothing if f throws', (f, engine) => {
    let thrown: { readonly error: unknown } | undefined;
    const result = engine.scope(() => {
      const made: Tensor[] = [];
      try {
        return f();
      } catch (error) {
        thrown = { error };
        return made as never;
      }
    });
    if (thrown) {
      engine.constant(0); // what f had made
      throw thrown.error;
    }
    return result;
  }),
  scope('hides what f throws', (f, engine) => {
    try {
      return engine.scope(f);
    } catch {
      return undefined as never;
    }
  }),
  scope('frees what f returns', (f, engine) => {
    const result = engine.scope(f);
    tensorsIn(result).forEach((x) => {
      engine.dispose!(x);
    });
    return result;
  }),
  finding('frees tensors in records', (x) => (isTensor(x) ? [x] : Array.isArray(x) ? x.filter(isTensor) : [])),
  finding('frees tensors in lists', (x) => (Array.isArray(x) ? [] : tensorsIn(x))),
  finding('frees tensors in records of records', (x) => [x, ...entries(x)].filter(isTensor)),
  finding('frees tensors in lists in records', (x) => (isTensor(x) || Array.isArray(x) ? tensorsIn(x) : entries(x).filter(isTensor))),
  finding('frees tensors that are three deep', (x) => [x, ...entries(x), ...entries(x).flatMap(entries)].filter(isTensor)),
  finding('keeps the first tensor of a list only', (x) => (Array.isArray(x) ? tensorsIn(x[0]) : tensorsIn(x))),
  method('scope frees an input that f returns', (engine) => {
    let made = new Set<Tensor>();
    const note = (x: Tensor) => (made.add(x), x);
    const noted = Object.entries(engine).map(([name, f]: [string, unknown]) =>
      ['add', 'sub', 'mul', 'div', 'neg', 'exp', 'sum', 'constant', 'reshape'].includes(name)
        ? [name, (...args: never[]) => note((f as (...args: never[]) => Tensor)(...args))]
        : [name, f],
    );
    return {
      ...(Object.fromEntries(noted) as Engine),
      scope: (f) => {
        const before = made;
        made = new Set();
        const result = engine.scope(f);
        if (isTensor(result) && !made.has(result) && made.size > 0) engine.dispose!(result);
        made = before;
        return result;
      },
    };
  }),
  method('scope does not hand its result to the scope around it', (engine, memory) => ({
    scope: (f) => {
      const result = engine.scope(f);
      // As if it were made outside of all scopes: the scope around it does not free it.
      memory.release(tensorsIn(result));
      return result;
    },
  })),
  scope('runs f twice', (f, engine) => {
    const first = engine.scope(f);
    return first instanceof Tensor ? first : engine.scope(f);
  }),

  ...(['neg', 'exp', 'reshape', 'sum', 'sort', 'cast', 'stopGradient'] as const).map(consumes),
  consumesOperand('add', 0),
  consumesOperand('add', 1),
  consumesOperand('mul', 1),
  consumesOperand('greater', 0),
  method('where consumes its condition', (engine) => ({
    where: (c, a, b) => {
      const y = engine.where(c, a, b);
      engine.dispose!(c);
      return y;
    },
  })),
  method('concat consumes its inputs', (engine) => ({
    concat: (xs, axis) => {
      const y = engine.concat(xs, axis);
      xs.forEach((x) => {
        engine.dispose!(x);
      });
      return y;
    },
  })),
  method('take consumes the indices', (engine) => ({
    take: (x, indices) => {
      const y = engine.take(x, indices);
      engine.dispose!(indices);
      return y;
    },
  })),
  method('mul of a tensor and itself fails', (engine) => ({
    mul: (a, b) => {
      if (a === b) throw new Error('an operand was used twice');
      return engine.mul(a, b);
    },
  })),
  method('sub of a tensor and itself reads zeros', (engine) => ({ sub: (a, b) => (a === b ? engine.add(a, b) : engine.sub(a, b)) })),
  ...(['neg', 'exp', 'sort', 'cumsum'] as const).map(inPlace),
  method('add overwrites its first operand', (engine) => ({
    add: (a, b) => {
      const y = engine.add(a, b);
      if (isTensor(a) && a.data.length === y.data.length) a.data.set(y.data);
      return y;
    },
  })),

  itself('stopGradient', () => ({ stopGradient: (x) => x })),
  itself('reshape to the same shape', (engine) => ({
    reshape: (x, shape) => (String(x.shape) === String(shape) ? x : engine.reshape(x, shape)),
  })),
  itself('broadcastTo the same shape', (engine) => ({
    broadcastTo: (x, shape) => (String(x.shape) === String(shape) ? x : engine.broadcastTo(x, shape)),
  })),
  itself('cast to the same kind', (engine) => ({ cast: (x, dtype) => (x.dtype === dtype ? x : engine.cast(x, dtype)) })),
  itself('slice of all', (engine) => ({
    slice: (x, start, stop, axis) => (start === 0 && stop === x.shape.at(axis) ? x : engine.slice(x, start, stop, axis)),
  })),
  itself('concat of one', (engine) => ({ concat: (xs, axis) => (xs.length === 1 ? xs[0]! : engine.concat(xs, axis)) })),
  method('the result of reshape is gone with its input', (engine) => {
    const views = new Map<Tensor, Tensor>();
    return {
      reshape: (x, shape) => {
        const y = engine.reshape(x, shape);
        views.set(x, y);
        return y;
      },
      dispose: (x) => {
        engine.dispose!(x);
        const view = views.get(x);
        if (view) engine.dispose!(view);
      },
    };
  }),
  method('log leaves a temporary tensor', (engine, memory) => ({
    log: (x) => {
      memory.release([engine.neg(x)]);
      return engine.log(x);
    },
  })),
  method('sort leaves a temporary tensor to the scope, or to nobody', (engine) => ({ sort: (x) => (engine.neg(x), engine.sort(x)) })),
  method('div leaves converted integers to the scope, or to nobody', (engine) => ({
    div: (a, b) => {
      const converted = (x: Operand): Operand => (isTensor(x) && x.dtype === 'int' ? engine.cast(x, 'float') : x);
      return engine.div(converted(a), converted(b));
    },
  })),
  method('dispose frees nothing', () => ({ dispose: () => undefined })),
  method('isDisposed is always false', () => ({ isDisposed: () => false })),
  method('isDisposed is true of scalars', (engine) => ({ isDisposed: (x) => x.shape.length === 0 || engine.isDisposed!(x) })),
  method('constant gives the same tensor for the same number', (engine) => {
    const known = new Map<unknown, Tensor>();
    return {
      constant: (list, dtype) => {
        const before = known.get(list);
        if (typeof list !== 'number' || dtype !== undefined) return engine.constant(list, dtype);
        if (before) return before;
        const x = engine.constant(list, dtype);
        known.set(list, x);
        return x;
      },
    };
  }),

  allowed('dispose and isDisposed are left out by engines without manual memory', {
    name: 'tensors are freed by garbage collection',
    backend: () => ({ dispose: undefined as never, isDisposed: undefined as never, scope: (f) => f() }),
    subject: ({ backend, ...subject }) => ({
      ...subject,
      backend: Object.fromEntries(
        Object.entries(backend).filter(([name]) => !['dispose', 'isDisposed'].includes(name)),
      ) as unknown as Engine,
      liveTensors: undefined as never,
    }),
  }),
];

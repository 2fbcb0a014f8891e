import type { Tensor } from '../../../examples/own-engine/engine.js';
import type { DType } from '../../../src/backend/types.js';
import { as, each, isOf, isTensor, operation, type Break, type Operand } from './break.js';

type Name = 'add' | 'sub' | 'mul' | 'maximum' | 'minimum' | 'div' | 'equal' | 'greater' | 'greaterEqual';

/** A binary operation whose result has another kind for two tensors of one. */
const binary = (name: Name, of: DType, gives: DType): Break =>
  operation(`${name} of two ${of}s is of kind ${gives}`, (engine) => ({
    [name]: (a: Operand, b: Operand) => (isOf(of, a, b) ? as(gives, engine[name](a, b)) : engine[name](a, b)),
  }));

/** An operation on one tensor whose result has another kind. */
const unary = (
  name:
    | 'neg'
    | 'abs'
    | 'exp'
    | 'log'
    | 'sigmoid'
    | 'sum'
    | 'max'
    | 'cumsum'
    | 'sort'
    | 'stopGradient'
    | 'take'
    | 'slice'
    | 'reshape'
    | 'broadcastTo',
  of: DType,
  gives: DType,
): Break =>
  operation(`${name} of ${of}s is of kind ${gives}`, (engine) => ({
    [name]: (x: Tensor, ...others: never[]) => {
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-assertion -- without it, the rest is no tuple
      const run = (...all: never[]): Tensor => (engine[name] as (...all: never[]) => Tensor)(...all);
      const y = run(x as never, ...others);
      return x.dtype === of ? as(gives, y) : y;
    },
  }));

export const kinds: readonly Break[] = [
  ...(['add', 'sub', 'mul', 'maximum', 'minimum'] as const).map((name) => binary(name, 'int', 'float')),
  binary('add', 'bool', 'bool'),
  binary('maximum', 'bool', 'bool'),
  binary('mul', 'bool', 'int'),
  binary('div', 'int', 'int'),
  binary('equal', 'float', 'float'),
  binary('greater', 'float', 'int'),
  binary('greaterEqual', 'int', 'int'),
  operation('div of two ints rounds down', (engine) => ({
    div: (a, b) => (isOf('int', a, b) ? each(engine.div(a, b), Math.floor) : engine.div(a, b)),
  })),
  operation('add of two bools is at most 1', (engine) => ({
    add: (a, b) => (isOf('bool', a, b) ? engine.minimum(engine.add(a, b), 1) : engine.add(a, b)),
  })),
  operation('mul rounds a number beside ints', (engine) => ({
    mul: (a, b) => {
      const hasInt = [a, b].some((x) => isOf('int', x));
      const round = (x: Operand) => (hasInt && !isTensor(x) ? Math.round(x) : x);
      return engine.mul(round(a), round(b));
    },
  })),
  operation('add of an int and a number is of kind int', (engine) => ({
    add: (a, b) => (isTensor(a) && a.dtype === 'int' && !isTensor(b) ? as('int', engine.add(a, b)) : engine.add(a, b)),
  })),
  operation('mul of an int and a float is of kind int', (engine) => ({
    mul: (a, b) => (isOf('int', a) && isOf('float', b) ? as('int', engine.mul(a, b)) : engine.mul(a, b)),
  })),
  unary('neg', 'int', 'float'),
  unary('neg', 'bool', 'bool'),
  unary('abs', 'int', 'float'),
  unary('abs', 'bool', 'bool'),
  unary('exp', 'int', 'int'),
  unary('log', 'bool', 'bool'),
  unary('sigmoid', 'int', 'int'),
  unary('sum', 'int', 'float'),
  unary('sum', 'bool', 'bool'),
  unary('sum', 'bool', 'int'),
  unary('max', 'int', 'float'),
  unary('max', 'bool', 'bool'),
  unary('cumsum', 'int', 'float'),
  unary('cumsum', 'bool', 'bool'),
  unary('sort', 'int', 'float'),
  unary('stopGradient', 'int', 'float'),
  unary('take', 'int', 'float'),
  unary('slice', 'int', 'float'),
  unary('slice', 'bool', 'float'),
  unary('reshape', 'int', 'float'),
  unary('reshape', 'bool', 'int'),
  unary('broadcastTo', 'int', 'float'),
  operation('exp of ints rounds', (engine) => ({ exp: (x) => (isOf('int', x) ? each(engine.exp(x), Math.round) : engine.exp(x)) })),
  operation('concat has the kind of the first', (engine) => ({ concat: (xs, axis) => as(xs[0]!.dtype, engine.concat(xs, axis)) })),
  operation('concat of ints is of kind float', (engine) => ({ concat: (xs, axis) => as('float', engine.concat(xs, axis)) })),
  operation('where of two ints is of kind float', (engine) => ({ where: (c, a, b) => as('float', engine.where(c, a, b)) })),
  operation('where has the kind of its first side', (engine) => ({
    where: (c, a, b) => (isTensor(a) ? as(a.dtype, engine.where(c, a, b)) : engine.where(c, a, b)),
  })),
  operation('where of an int and a number is of kind int', (engine) => ({
    where: (c, a, b) => (isOf('int', a) && !isTensor(b) ? as('int', engine.where(c, a, b)) : engine.where(c, a, b)),
  })),
  operation('arange is of kind float', (engine) => ({ arange: (n) => as('float', engine.arange(n)) })),
  operation('constant is of kind int if all values are whole', (engine) => ({
    constant: (values, dtype) => {
      const x = engine.constant(values, dtype);
      return dtype === undefined && x.data.every(Number.isInteger) ? as('int', x) : x;
    },
  })),
  operation('constant ignores the kind', (engine) => ({ constant: (values) => engine.constant(values) })),
  operation('cast to int rounds', (engine) => ({ cast: (x, dtype) => engine.cast(dtype === 'int' ? each(x, Math.round) : x, dtype) })),
  operation('cast to int rounds down', (engine) => ({ cast: (x, dtype) => engine.cast(dtype === 'int' ? each(x, Math.floor) : x, dtype) })),
  operation('cast to bool is whether a value is positive', (engine) => ({
    cast: (x, dtype) => engine.cast(dtype === 'bool' ? each(x, (v) => Number(v > 0)) : x, dtype),
  })),
  operation('cast to bool keeps the values', (engine) => ({
    cast: (x, dtype) => (dtype === 'bool' ? as('bool', x) : engine.cast(x, dtype)),
  })),
  operation('cast to bool truncates first', (engine) => ({
    cast: (x, dtype) => engine.cast(dtype === 'bool' ? each(x, Math.trunc) : x, dtype),
  })),
  operation('cast of a bool to float stays a bool', (engine) => ({
    cast: (x, dtype) => (x.dtype === 'bool' && dtype === 'float' ? as('bool', x) : engine.cast(x, dtype)),
  })),
];

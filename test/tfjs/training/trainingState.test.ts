import { describe, expect, it } from 'vitest';
import { jsonOfState } from '../../../src/tfjs/training/trainingState.js';
import { expectError, isArrays } from '../../support/engine.js';

const EXPECTED = 'expected what JSON keeps: null, booleans, finite numbers, strings, and lists and records of them';

// It needs no engine, so it runs once.
describe.skipIf(!isArrays)('jsonOfState', () => {
  const cyclic: Record<string, unknown> = { list: [1] };
  (cyclic.list as unknown[]).push({ cyclic });
  const sparse = [1, , 2];
  const cases: [unknown, string][] = [
    [{ best: Infinity }, 'state.best is Infinity'],
    [{ a: [{ b: NaN }] }, 'state.a[0].b is NaN'],
    [{ a: [undefined] }, 'state.a[0] is undefined'],
    [{ a: sparse }, 'state.a[1] is undefined'],
    [{ a: Object.assign([1], { b: 2 }) }, 'state.a is a list with a field b'],
    [{ a: new Map([['b', 1]]) }, 'state.a is a value of type Map'],
    [{ a: new Set([1]) }, 'state.a is a value of type Set'],
    [{ a: new Float32Array(2) }, 'state.a is a value of type Float32Array'],
    [{ a: new Date(0) }, 'state.a is a value of type Date'],
    [{ a: new URL('http://localhost') }, 'state.a is a value of type URL'],
    [{ a: () => 1 }, 'state.a is a function'],
    [{ toJSON: () => 1 }, 'state.toJSON is a function'],
    [{ a: 1n }, 'state.a is a bigint'],
    [{ a: Symbol('b') }, 'state.a is a symbol'],
    [{ a: { [Symbol('b')]: 1 } }, 'state.a has a field Symbol(b)'],
    [cyclic, 'state.list[1].cyclic is a list or record that it is in'],
  ];
  it.each(cases)('refuses %o', (state, message) => {
    expectError(() => jsonOfState(state), TypeError, `saveCheckpoint: ${message}, ${EXPECTED}`);
  });

  it.each([
    [null, 'null'],
    [[], 'a list'],
    ['a', '"a"'],
    [new Map(), 'a value of type Map'],
  ] as const)('refuses %o as a whole', (state, words) => {
    // prettier-ignore
    expectError(() => jsonOfState(state), TypeError, `saveCheckpoint: state is ${words}, expected a record`);
  });

  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);

  it('takes 64 levels and a million values, and refuses more', () => {
    expect(JSON.parse(jsonOfState({ a: nested(63) }))).toEqual({ a: nested(63) });
    const deep = `saveCheckpoint: state.a${'[0]'.repeat(63)} is nested deeper than 64 levels`;
    expectError(() => jsonOfState({ a: nested(64) }), RangeError, deep);
    let far: unknown = 1;
    for (let i = 0; i < 20_000; i++) far = [far];
    expectError(() => jsonOfState({ a: far }), RangeError, deep);
    const many = 'saveCheckpoint: state has more than 1000000 values';
    // The state and the list are values, too.
    expect(jsonOfState({ a: new Array(999_998).fill(0) })).toHaveLength(2 * 999_998 + 7);
    expectError(() => jsonOfState({ a: new Array(999_999).fill(0) }), RangeError, many);
    expectError(() => jsonOfState({ a: new Array(2 ** 32 - 1) }), RangeError, many);
    let shared: unknown = [1];
    for (let i = 0; i < 26; i++) shared = [shared, shared];
    expectError(() => jsonOfState({ a: shared }), RangeError, many);
  });

  it('reads each field once, and keeps those that are not enumerable', () => {
    let reads = 0;
    const state = {
      get count() {
        return ++reads;
      },
    };
    Object.defineProperty(state, 'hidden', { value: 2 });
    expect([JSON.parse(jsonOfState(state)), reads]).toEqual([{ count: 1, hidden: 2 }, 1]);
  });

  it('takes what JSON keeps, and the same list twice', () => {
    const list = [1, -2.5, 1e300, Number.MIN_VALUE, null, true, 'é\ud800', { deep: [[]] }];
    const state = { list, again: list, record: Object.assign(Object.create(null) as object, { a: 1 }), ['__proto__']: { b: 2 } };
    expect(JSON.parse(jsonOfState(state))).toEqual({ ...state, record: { a: 1 } });
    expect(JSON.parse(jsonOfState({ a: undefined, b: -0 }))).toEqual({ b: 0 });
  });
});

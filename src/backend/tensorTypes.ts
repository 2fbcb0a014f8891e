import type { ArrayTensor, DataTensor } from './arrays/tensor.js';

declare global {
  /**
   * What the engines state about their tensor types: one property per engine, which for a tensor type `T` of that engine is
   * `{ reduced, raised, scalar }`, and `never` for all others. The entry of an engine adds its property, so that the core needs no
   * engine's types. It is global because both builds of all entries, ES modules and CommonJS, then read the same interface.
   */
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type, @typescript-eslint/no-unused-vars -- engines add to it, and use T
  interface PreflossTensorTypes<T> {}
}

/** The types that go with a tensor type. */
export interface RelatedTypes<Reduced = unknown, Raised = unknown, Scalar = unknown> {
  /** The type with one axis fewer. */
  readonly reduced: Reduced;
  /** The type with one axis more. */
  readonly raised: Raised;
  /** The type of a scalar. */
  readonly scalar: Scalar;
}

/** The types that go with a `T` whose rank its type does not say. */
type AnyRank<T> = RelatedTypes<T, T, T>;

/** What the engine of `T` states; `never` if no engine knows `T`. */
type Stated<T> = Extract<PreflossTensorTypes<T>[keyof PreflossTensorTypes<T>], RelatedTypes>;

/**
 * The types that go with a tensor type `T`: `reduced` has one axis fewer, `raised` one axis more, and `scalar` has none. Where neither
 * this library nor an engine knows better, they are `T`.
 */
export type TensorTypes<T> = T extends number
  ? RelatedTypes<T, T, number>
  : T extends readonly (infer U)[]
    ? RelatedTypes<U, T[], number>
    : T extends DataTensor
      ? AnyRank<ArrayTensor>
      : T extends object // and for `any`, which takes both branches and stays `any`
        ? [Stated<T>] extends [never]
          ? AnyRank<T>
          : Stated<T>
        : AnyRank<T>;

type Points = readonly (readonly [x: number, y: number])[];

/** What the worker finds out about a variant, in this order; `failed` may come instead of any of them. */
export type Finding =
  | { readonly type: 'ready' }
  | { readonly type: 'curve'; readonly name: string; readonly xLabel: string; readonly loss: Points; readonly slope: Points }
  | { readonly type: 'extremes'; readonly rows: readonly { readonly x: number; readonly loss: number; readonly slope: number }[] }
  | { readonly type: 'gradients'; readonly passed: boolean; readonly message: string }
  | { readonly type: 'report'; readonly problems: number; readonly text: string }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly message: string };

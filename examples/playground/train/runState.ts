import type { Answer, Report, RunOptions } from './protocol.js';

type Of<Type extends Report['type']> = Extract<Report, { type: Type }>;

/** What the page knows of a run. */
export interface RunState {
  readonly status: Of<'status'>['status'] | 'failed';
  /** Undefined before the first run. */
  readonly options?: RunOptions;
  /** The backend that runs. */
  readonly backend?: string;
  readonly notice?: string | undefined;
  readonly batches: readonly Of<'batch'>[];
  readonly evaluations: readonly Of<'evaluation'>[];
  readonly answers: readonly Answer[];
  readonly failure?: Of<'failed'> | undefined;
}

export const IDLE: RunState = { status: 'idle', batches: [], evaluations: [], answers: [] };

/** Returns the state after a report. */
export function afterReport(state: RunState, report: Report): RunState {
  switch (report.type) {
    case 'status':
      return { ...state, status: report.status, failure: undefined };
    case 'backend':
      return { ...state, backend: report.backend, notice: report.notice };
    case 'batch':
      return { ...state, batches: [...state.batches, report] };
    case 'evaluation':
      return { ...state, evaluations: [...state.evaluations, report] };
    case 'answers':
      return { ...state, answers: report.answers };
    case 'rewind': {
      const { phase, step } = report;
      const batches = state.batches.filter((batch) => batch.phase !== phase || batch.step <= step);
      // The evaluation after these updates is repeated.
      const evaluations = state.evaluations.filter((evaluation) => evaluation.phase !== phase || evaluation.step < step);
      return { ...state, batches, evaluations };
    }
    case 'failed':
      return { ...state, status: 'failed', failure: report };
  }
}

/** Returns the share of a run that is done, and how long the rest takes, in seconds, if that can be said. */
export function progressOf({ options, batches }: RunState): { readonly done: number; readonly secondsLeft?: number } {
  const all = options ? options.sftSteps + options.steps : 0;
  const made = batches.length;
  const mean = batches.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / made;
  return { done: all === 0 ? 0 : made / all, ...(made >= 5 && { secondsLeft: (mean * (all - made)) / 1000 }) };
}

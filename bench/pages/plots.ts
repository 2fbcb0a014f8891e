import type { TopLevelSpec } from 'vega-lite';
import { COLOURS, LOOK, renderSvg, round } from '../../tools/renderSvg.js';
import { shapeText } from '../format.js';
import { BACKENDS } from '../options.js';
import { AXES, sizeOf, rowsOf, type Results, type GrowthRow } from '../results.js';

const ROUTES = {
  ours: 'ours',
  naive: 'naive',
  selectiveLogSoftmax: "PyTorch, TRL's route",
  logSoftmaxGather: 'PyTorch, log_softmax',
} as const;

/** The plots of docs/performance.md, by file name. */
export async function performancePlots(results: Results): Promise<ReadonlyMap<string, string>> {
  const specs = { head: headSpec(results), growth: growthSpec(results) };
  const plots = new Map<string, string>();
  for (const [name, spec] of Object.entries(specs)) plots.set(`performance-${name}.svg`, `${await renderSvg({ ...LOOK, ...spec })}\n`);
  return plots;
}

const colour = (labels: readonly string[]) => ({
  field: 'label',
  type: 'nominal' as const,
  title: null,
  sort: null,
  scale: { domain: [...labels], range: COLOURS.slice(0, labels.length) },
  legend: { orient: 'bottom' as const },
});

/** Times of all routes, one panel per backend. */
function headSpec({ backends }: Results): TopLevelSpec {
  const values = backends.flatMap((result) =>
    rowsOf(result, 'heads')
      .filter((row) => row.workload === 'logProbs')
      .flatMap((row) =>
        Object.entries(ROUTES).flatMap(([route, label]) => {
          const measured = row[route as keyof typeof ROUTES];
          return measured ? [{ backend: result.backend, logits: shapeText(row.shape), label, ms: round(measured.medianMs) }] : [];
        }),
      ),
  );
  return {
    title: { text: 'log-prob head, forward and backward', anchor: 'start', fontSize: 15, offset: 10 },
    data: { values },
    facet: { row: { field: 'backend', title: null, sort: [...BACKENDS], header: { labelAngle: 0, labelAlign: 'left' } } },
    spec: {
      width: 480,
      height: 66,
      mark: { type: 'point', filled: true, size: 90, opacity: 0.9 },
      encoding: {
        x: { field: 'ms', type: 'quantitative', title: 'milliseconds', scale: { type: 'log' }, axis: { tickCount: 6 } },
        y: { field: 'logits', type: 'nominal', title: null, sort: null },
        color: colour(Object.values(ROUTES)),
      },
    },
  };
}

/** Time and memory of our head as each axis grows; on these log scales, linear growth has slope 1. */
function growthSpec({ backends }: Results): TopLevelSpec {
  const rows = backends.flatMap((result) => rowsOf(result, 'growth').map((row) => ({ backend: result.backend, ...row })));
  const panel = (axis: GrowthRow['axis'], title: string, of: (row: (typeof rows)[number]) => number) => ({
    width: 150,
    height: 170,
    data: {
      values: rows.filter((row) => row.axis === axis).map((row) => ({ size: sizeOf(row), value: round(of(row)), label: row.backend })),
    },
    mark: { type: 'line' as const, strokeWidth: 2, point: true },
    encoding: {
      x: {
        field: 'size',
        type: 'quantitative' as const,
        title: axis,
        scale: { type: 'log' as const, base: 2 },
        axis: {
          values: [...new Set(rows.filter((row) => row.axis === axis).map(sizeOf))],
          format: 'd',
          labelOverlap: false,
          labelFlush: false,
          labelFontSize: 9,
        },
      },
      y: { field: 'value', type: 'quantitative' as const, title, scale: { type: 'log' as const }, axis: { tickCount: 4 } },
      color: colour(BACKENDS),
    },
  });
  return {
    title: { text: 'log-prob head as the logits grow', anchor: 'start', fontSize: 15, offset: 10 },
    columns: AXES.length,
    concat: [
      ...AXES.map((axis) => panel(axis, 'milliseconds', (row) => row.medianMs)),
      ...AXES.map((axis) => panel(axis, 'MB beyond the logits', (row) => row.peakBytes / 1e6)),
    ],
  };
}

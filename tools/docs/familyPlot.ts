// Draws docs/plots/family.svg: every loss of the catalogue at a glance, for README.md.
import type { TopLevelSpec } from 'vega-lite';
import { losses } from '../../src/core.js';
import { COLOURS, LOOK, renderSvg, round } from '../renderSvg.js';
import { plotted } from './plotted.js';

const POINTS = 41;
const COLUMNS = 8;

/** One small panel: the curves of a loss over the same x axis as its own plot, with ticks left out. */
function panel(name: string) {
  const { domain, curves } = plotted[name]!;
  const [low, high] = domain;
  const xs = Array.from({ length: POINTS }, (_, i) => low + (i * (high - low)) / (POINTS - 1));
  const axis = { title: null, labels: false, ticks: false, grid: false };
  return {
    width: 88,
    height: 58,
    title: { text: name, anchor: 'start' as const, fontSize: 11, fontWeight: 'normal' as const, offset: 4 },
    data: { values: curves.flatMap(([label, f]) => xs.map((x) => ({ x: round(x), y: round(f(x)), label }))) },
    mark: { type: 'line' as const, strokeWidth: 2, strokeJoin: 'round' as const, clip: true },
    encoding: {
      x: { field: 'x', type: 'quantitative' as const, axis, scale: { domain: [low, high], nice: false } },
      y: { field: 'y', type: 'quantitative' as const, axis, scale: { zero: false } },
      color: {
        field: 'label',
        type: 'nominal' as const,
        sort: null,
        scale: { domain: curves.map(([label]) => label), range: COLOURS.slice(0, curves.length) },
        legend: null,
      },
    },
  };
}

/** The picture, by its path. */
export async function familyPlot(): Promise<[string, string]> {
  const spec: TopLevelSpec = {
    ...LOOK,
    columns: COLUMNS,
    spacing: { row: 34, column: 20 },
    bounds: 'flush',
    concat: Object.keys(losses).map(panel),
    resolve: { scale: { color: 'independent' } },
  };
  return ['docs/plots/family.svg', `${await renderSvg(spec)}\n`];
}

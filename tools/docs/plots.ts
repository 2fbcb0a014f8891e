// Makes docs/plots/<function>.svg: plots of each loss and its slope.
import type { TopLevelSpec } from 'vega-lite';
import { COLOURS, LOOK, renderSvg, round } from '../renderSvg.js';
import { plotted, type Plotted } from './plotted.js';

const POINTS = 121;

/** Returns all plots of functions, by path. */
export async function plots(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const [name, plot] of Object.entries(plotted)) files.set(`docs/plots/${name}.svg`, `${await renderSvg(specOf(name, plot))}\n`);
  return files;
}

function specOf(name: string, { axis, domain: [low, high], value = 'loss', hasSlope = true, curves }: Plotted): TopLevelSpec {
  const step = (high - low) / (POINTS - 1);
  const xs = Array.from({ length: POINTS }, (_, i) => low + i * step);
  const points = curves.flatMap(([label, f]) => xs.map((x) => ({ x: round(x), y: round(f(x)), label })));
  const slopes = curves.flatMap(([label, f]) =>
    xs.slice(1).map((x) => ({ x: round(x - step / 2), y: round((f(x) - f(x - step)) / step), label })),
  );
  const colour = {
    field: 'label',
    type: 'nominal' as const,
    title: null,
    sort: null,
    scale: { domain: curves.map(([label]) => label), range: COLOURS.slice(0, curves.length) },
    legend: { orient: 'bottom' as const, direction: 'vertical' as const, symbolStrokeWidth: 3 },
  };
  const panel = (title: string, values: object[]) => ({
    width: 300,
    height: 190,
    title: { text: title, anchor: 'start' as const, frame: 'group' as const, fontSize: 12, fontWeight: 'normal' as const },
    data: { values },
    mark: { type: 'line' as const, strokeWidth: 2, strokeJoin: 'round' as const, clip: true },
    encoding: {
      x: { field: 'x', type: 'quantitative' as const, title: axis, axis: { tickCount: 6 }, scale: { domain: [low, high], nice: false } },
      y: { field: 'y', type: 'quantitative' as const, title: null, axis: { tickCount: 5 } },
      color: colour,
    },
  });
  return {
    ...LOOK,
    title: { text: name, anchor: 'start', fontSize: 15, offset: 10 },
    spacing: 36,
    hconcat: hasSlope ? [panel(value, points), panel('slope', slopes)] : [panel(value, points)],
  };
}

import { parse, resetSVGDefIds, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** Colours of the curves of a chart, in order. */
export const COLOURS = ['#1f5fa8', '#d9730d', '#4a8f3c', '#8a4fa3'];

/** Rounds a number of a chart to five digits: more would only make the file larger. */
export const round = (value: number): number => Number(value.toPrecision(5));

/** Renders a vega-lite chart as SVG text, without a browser or a canvas. */
export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  resetSVGDefIds(); // otherwise the ids in a chart would depend on the charts before it
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

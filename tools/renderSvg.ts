import { parse, resetSVGDefIds, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** Draws a vega-lite chart as SVG text, with no browser and no canvas. */
export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  resetSVGDefIds(); // a chart is the same, whichever were drawn before it
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

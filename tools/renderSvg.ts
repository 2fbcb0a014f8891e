import { parse, resetSVGDefIds, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** Colours of the curves of a chart, in order; like all colours of a chart, of a medium lightness, to be seen on white and on black. */
export const COLOURS = ['#3b7fd0', '#d9730d', '#4a963c', '#a05fbd'];

const TEXT = '#7a7a7a';
const LINE = '#999999';

/** What charts have in common. The background is that of the page, which may be light or dark. */
export const LOOK = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  background: 'transparent',
  padding: 12,
  config: {
    font: 'Helvetica, Arial, sans-serif',
    title: { color: TEXT },
    axis: {
      labelColor: TEXT,
      labelFontSize: 10,
      titleColor: TEXT,
      titleFontSize: 11,
      titleFontWeight: 'normal' as const,
      gridColor: LINE,
      gridOpacity: 0.25,
      domainColor: LINE,
      tickColor: LINE,
    },
    header: { labelColor: TEXT, labelFontSize: 11, titleColor: TEXT, titleFontSize: 11 },
    legend: { labelColor: TEXT, labelFontSize: 11, labelLimit: 300 },
    view: { stroke: null },
  },
};

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

import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** Colours of the training pairs and of those held out. */
export const COLOURS = { train: '#1f5fa8', validation: '#d9730d' };

/** One chart of a figure, as Vega-Lite specifies it. */
export type Chart = Extract<TopLevelSpec, { concat: readonly unknown[] }>['concat'][number];

/** Draws charts, two in a row, under a title. */
export async function svgOf(title: string, charts: Chart[]): Promise<string> {
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 16,
    title: { text: title, anchor: 'start', fontSize: 16, offset: 16 },
    columns: 2,
    spacing: { row: 36, column: 40 },
    concat: charts,
    config: {
      font: 'Helvetica, Arial, sans-serif',
      axis: {
        labelFontSize: 11,
        titleFontSize: 11,
        titleFontWeight: 'normal',
        gridColor: '#eeeeee',
        domainColor: '#999999',
        tickColor: '#999999',
      },
      legend: { labelFontSize: 12, symbolStrokeWidth: 3 },
      view: { stroke: null },
    },
  };
  return new View(parse(compile(spec).spec), { renderer: 'none' }).toSVG();
}

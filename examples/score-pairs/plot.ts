import { COLOURS, svgOf } from '../shared/svg.js';
import type { ScoredSplits } from './report.js';

const TITLES = { train: 'Train', validation: 'Held out' } as const;

/** Plots the margins of each split, sorted: bars above 0 are pairs that the policy orders rightly. */
export function plotMargins(splits: ScoredSplits): Promise<string> {
  const all = Object.values(splits).flatMap(({ scores }) => scores.map(({ margin }) => margin));
  const domain = [Math.min(0, ...all), Math.max(0, ...all)];
  const charts = (['train', 'validation'] as const).map((split) => {
    const { scores, metrics } = splits[split];
    const values = scores
      .map(({ row, margin }) => ({ row, margin }))
      .sort((a, b) => b.margin - a.margin)
      .map((pair, place) => ({ ...pair, place }));
    const right = values.filter(({ margin }) => margin > 0).length;
    return {
      width: 320,
      height: 190,
      title: {
        text: `${TITLES[split]}: ${right} of ${values.length} right`,
        anchor: 'start' as const,
        frame: 'group' as const,
        fontSize: 13,
      },
      layer: [
        {
          data: { values },
          mark: { type: 'bar' as const, color: COLOURS[split] },
          encoding: {
            x: { field: 'place', type: 'ordinal' as const, title: 'pairs, sorted; dashed: mean', axis: { labels: false, ticks: false } },
            y: {
              field: 'margin',
              type: 'quantitative' as const,
              title: 'margin',
              axis: { tickCount: 5 },
              scale: { domain },
            },
          },
        },
        {
          data: { values: [{ mean: metrics['rewards/margins'] }] },
          mark: { type: 'rule' as const, strokeDash: [4, 4], color: '#888888' },
          encoding: { y: { field: 'mean', type: 'quantitative' as const } },
        },
      ],
    };
  });
  return svgOf('Margins: chosen minus rejected reward', charts);
}

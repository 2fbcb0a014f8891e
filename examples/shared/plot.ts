import type { MetricsRecord } from './metricsLog.js';
import { COLOURS, svgOf } from './svg.js';

interface Panel {
  readonly phase: string;
  readonly metric: string;
  readonly title: string;
  readonly axis: string;
  /** A value for comparison and its label. */
  readonly rule?: readonly [value: number, text: string];
}

/** Losses before the first update, if they do not depend on the model or on an option. */
const STARTS: Readonly<Record<string, Pick<Panel, 'rule'>>> = { dpo: { rule: [Math.LN2, 'ln 2'] }, kto: { rule: [0.5, 'one half'] } };

const ANSWERS: Pick<Panel, 'axis' | 'rule'> = { axis: 'share of prompts', rule: [0.5, 'one half'] };

/** Panels of a run: the fine-tuning, then the preference training. */
function panelsOf(loss: string): Panel[] {
  const name = loss.toUpperCase();
  const perToken = loss === 'ipo' || loss === 'orpo' ? ' per token' : '';
  return [
    { phase: 'sft', metric: 'loss', title: 'Fine-tuning: loss', axis: 'nats per token' },
    { phase: 'sft', metric: 'answers/right', title: 'Fine-tuning: right answers', ...ANSWERS },
    { phase: loss, metric: 'loss', title: `${name} loss`, axis: 'loss', ...STARTS[loss] },
    { phase: loss, metric: 'rewards/margins', title: 'Reward margin', axis: `chosen - rejected${perToken}`, rule: [0, ''] },
    {
      phase: loss,
      metric: 'rewards/accuracies',
      title: 'Reward accuracy',
      // Short, because vega overestimates the width of a title and makes room for it above the panel.
      axis: 'share of pairs',
      rule: [0.5, 'chance'],
    },
    { phase: loss, metric: 'answers/right', title: 'Right answers', ...ANSWERS },
  ];
}

/** Plots a run: lines with points show whole splits, a pale line the batches between them. */
export async function plotRun(records: readonly MetricsRecord[], { loss, title }: { loss: string; title: string }): Promise<string> {
  const panels = panelsOf(loss).filter(({ phase, metric }) => records.some((r) => r.phase === phase && metric in r.metrics));
  return svgOf(
    title,
    panels.map((panel) => chart(panel, records)),
  );
}

function chart({ phase, metric, title, axis, rule }: Panel, records: readonly MetricsRecord[]) {
  const values = (wanted: readonly MetricsRecord['on'][]) =>
    records
      .filter((r) => r.phase === phase && wanted.includes(r.on) && r.metrics[metric] !== undefined)
      .map((r) => ({ step: r.step, value: r.metrics[metric]!, on: r.on }));
  const x = { field: 'step', type: 'quantitative' as const, title: 'updates', axis: { tickMinStep: 1, grid: false, tickCount: 6 } };
  const share = metric === 'rewards/accuracies' || metric === 'answers/right';
  const y = {
    field: 'value',
    type: 'quantitative' as const,
    title: axis,
    axis: { tickCount: 5, ...(share && { format: '.0%' }) },
    scale: share ? { domain: [0, 1] } : { zero: false },
  };
  const colour = {
    field: 'on',
    type: 'nominal' as const,
    title: null,
    scale: { domain: Object.keys(COLOURS), range: Object.values(COLOURS) },
    legend: { orient: 'top' as const, direction: 'horizontal' as const },
  };
  const layers = [
    // Round joins, because the bounds of a sharp mitre reach far above the panel and would move its title.
    {
      data: { values: values(['batch']) },
      mark: { type: 'line' as const, color: COLOURS.train, opacity: 0.3, strokeWidth: 1, strokeJoin: 'round' as const },
      encoding: { x, y },
    },
    {
      data: { values: values(['train', 'validation']) },
      mark: { type: 'line' as const, strokeWidth: 2, strokeJoin: 'round' as const, point: { size: 30, filled: true } },
      encoding: { x, y, color: colour },
    },
  ];
  const ruleLayers = rule
    ? [
        { data: { values: [{ value: rule[0] }] }, mark: { type: 'rule' as const, strokeDash: [4, 4], color: '#888888' }, encoding: { y } },
        {
          data: { values: [{ value: rule[0] }] },
          mark: {
            type: 'text' as const,
            text: rule[1],
            align: 'right' as const,
            baseline: 'top' as const,
            dx: -2,
            dy: 3,
            color: '#666666',
            fontSize: 10,
          },
          encoding: { y, x: { value: 320 } },
        },
      ]
    : [];
  return {
    width: 320,
    height: 190,
    title: { text: title, anchor: 'start' as const, frame: 'group' as const, fontSize: 13 },
    layer: [...ruleLayers, ...layers],
  };
}

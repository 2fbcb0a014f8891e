import { useMemo, useState } from 'preact/hooks';
import type { LossName } from 'prefloss/core';
import type { Axis } from '../../../tools/docs/axes.js';
import type { PairBatch } from '../state.js';
import { Chart } from '../ui/Chart.js';
import { short } from '../ui/ticks.js';
import type { Curve, Place } from './curves.js';
import { marksOf } from './marks.js';

/** A loss as it is drawn. */
export interface Drawn {
  readonly name: LossName;
  readonly axis: Axis;
  readonly curves: readonly Curve[];
  /** Colour of its first curve. */
  readonly firstColour: number;
}

interface LossChartsProps {
  /** Losses with the same axis. */
  readonly drawn: readonly Drawn[];
  readonly pairs: PairBatch | undefined;
}

const POINTS = 161;

/** Two charts of the same losses, values and slopes, with a place on the x axis that can be moved. */
export function LossCharts({ drawn, pairs }: LossChartsProps) {
  const { label, domain } = drawn[0]!.axis;
  const [low, high] = domain;
  const [probe, setProbe] = useState(0);
  const at = Math.min(Math.max(probe, low), high);
  const lines = useMemo(
    () => drawn.flatMap(({ curves, firstColour }) => curves.map((curve, i) => lineOf(curve, domain, firstColour + i))),
    drawn.map(({ curves }) => curves),
  );
  const marks = useMemo(
    () => (pairs ? drawn.flatMap((one, i) => markedOn(one, pairs, drawn.slice(0, i).flatMap(({ curves }) => curves).length)) : []),
    [...drawn.map(({ curves }) => curves), pairs],
  );
  const shown = marks.filter(({ x }) => x >= low && x <= high);
  const chart = (title: string, of: keyof Place) => (
    <Chart
      title={title}
      xLabel={label}
      domain={domain}
      series={lines.map(({ name, colour, places }) => ({ label: name, colour, points: places.map(([x, place]) => [x, place[of]]) }))}
      marks={shown.map(({ line, x, place }) => ({ series: line, x, y: place[of] }))}
      probe={at}
      onProbe={setProbe}
    />
  );
  return (
    <section class="card" aria-label={`Curves of ${drawn.map(({ name }) => name).join(' and ')}`}>
      <div class="columns">
        {chart('Loss', 'loss')}
        {chart('Slope of the loss', 'slope')}
      </div>
      <label class="probe">
        <span>
          {label}: {short(at)}
        </span>
        <input
          type="range"
          min={low}
          max={high}
          step={(high - low) / 240}
          value={at}
          onInput={(event) => {
            setProbe(event.currentTarget.valueAsNumber);
          }}
        />
      </label>
      <table>
        <thead>
          <tr>
            <th scope="col">at {short(at)}</th>
            <th scope="col" class="number">
              loss
            </th>
            <th scope="col" class="number">
              slope
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ name, at: place }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="number">{short(place(at).loss)}</td>
              <td class="number">{short(place(at).slope)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < marks.length && (
        <p class="muted">
          {marks.length - shown.length} of {marks.length} marks are outside the chart.
        </p>
      )}
    </section>
  );
}

const lineOf = ({ label, at }: Curve, [low, high]: readonly [number, number], colour: number) => ({
  name: label,
  colour,
  at,
  places: Array.from({ length: POINTS }, (_, i) => {
    const x = low + (i * (high - low)) / (POINTS - 1);
    return [x, at(x)] as const;
  }),
});

const markedOn = ({ name, curves }: Drawn, pairs: PairBatch, firstLine: number) =>
  marksOf(name, pairs).map(({ curve, x }) => ({ line: firstLine + curve, x, place: curves[curve]!.at(x) }));

import { useId } from 'preact/hooks';
import { short, ticks } from './ticks.js';

/** One line of a chart. The first to the fourth have colours of their own; `dashed` tells two lines of one colour apart. */
export interface Series {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Index of the colour. Default: the index of the line. */
  readonly colour?: number;
  readonly dashed?: boolean;
}

interface ChartProps {
  readonly title: string;
  readonly xLabel: string;
  readonly series: readonly Series[];
  /** Range of the x axis. Default: that of the points. */
  readonly domain?: readonly [number, number] | undefined;
  /** Points on a line, with its index. */
  readonly marks?: readonly { readonly series: number; readonly x: number; readonly y: number }[];
  /** Where the vertical line is that the user moves. */
  readonly probe?: number | undefined;
  readonly onProbe?: (x: number) => void;
}

const [WIDTH, HEIGHT] = [440, 260];
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 22, 10, 40];

/** A line chart with a text alternative: the values of each line at its ends and in the middle. */
export function Chart({ title, xLabel, series, domain, marks = [], probe, onProbe }: ChartProps) {
  const id = useId();
  const finite = series.map(({ points }) => points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)));
  const all = finite.flat();
  const [x0, x1] = domain ?? rangeOf(all.map(([x]) => x));
  const [y0, y1] = padded(rangeOf(all.map(([, y]) => y)));
  const across = (x: number): number => LEFT + ((x - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT);
  const up = (y: number): number => HEIGHT - BOTTOM - ((y - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM);

  const move = (event: PointerEvent): void => {
    if (!onProbe) return;
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const x = x0 + ((((event.clientX - box.left) / box.width) * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT)) * (x1 - x0);
    onProbe(Math.min(Math.max(x, x0), x1));
  };
  return (
    <figure class="chart">
      <figcaption id={`${id}-title`}>{title}</figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-labelledby={`${id}-title`}
        aria-describedby={`${id}-text`}
        onPointerMove={move}
        onPointerDown={move}
      >
        {ticks(y0, y1, 5).map((y) => (
          <g key={y} class="tick">
            <line x1={LEFT} x2={WIDTH - RIGHT} y1={up(y)} y2={up(y)} />
            <text x={LEFT - 6} y={up(y)} dy="0.32em" text-anchor="end">
              {short(y)}
            </text>
          </g>
        ))}
        {ticks(x0, x1, 6).map((x) => (
          <g key={x} class="tick">
            <line x1={across(x)} x2={across(x)} y1={TOP} y2={HEIGHT - BOTTOM} />
            <text x={across(x)} y={HEIGHT - BOTTOM + 16} text-anchor="middle">
              {short(x)}
            </text>
          </g>
        ))}
        <text class="axis" x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 6} text-anchor="middle">
          {xLabel}
        </text>
        {probe !== undefined && <line class="probe" x1={across(probe)} x2={across(probe)} y1={TOP} y2={HEIGHT - BOTTOM} />}
        {series.map(({ label, colour, dashed }, i) => (
          <path key={label} class={`line colour-${(colour ?? i) % 4}${dashed ? ' dashed' : ''}`} d={pathOf(finite[i]!, across, up)} />
        ))}
        {marks.map(({ series: line, x, y }, i) => (
          <circle key={i} class={`mark colour-${(series[line]?.colour ?? line) % 4}`} cx={across(x)} cy={up(y)} r={4} />
        ))}
      </svg>
      <ul class="legend" aria-hidden="true">
        {series.map(({ label, colour, dashed }, i) => (
          <li key={label} class={`colour-${(colour ?? i) % 4}${dashed ? ' dashed' : ''}`}>
            {label}
          </li>
        ))}
      </ul>
      <p id={`${id}-text`} class="visually-hidden">
        {series.map(({ label }, i) => describe(label, finite[i]!, xLabel)).join(' ')}
      </p>
    </figure>
  );
}

const rangeOf = (values: readonly number[]): [number, number] =>
  values.length === 0 ? [0, 1] : [Math.min(...values), Math.max(...values)];

/** Leaves room above and below the lines, also where all values are the same. */
function padded([low, high]: readonly [number, number]): [number, number] {
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return [low - room, high + room];
}

const pathOf = (points: Series['points'], across: (x: number) => number, up: (y: number) => number): string =>
  points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${across(x).toFixed(2)},${up(y).toFixed(2)}`).join('');

function describe(label: string, points: Series['points'], xLabel: string): string {
  if (points.length === 0) return `${label}: no finite values.`;
  const shown = [points[0]!, points[points.length >> 1]!, points.at(-1)!];
  return `${label}: ${shown.map(([x, y]) => `${short(y)} at ${xLabel} ${short(x)}`).join(', ')}.`;
}

import type { Knob, NumberKnob } from './knobs.js';

interface KnobControlProps<K extends Knob> {
  readonly knob: K;
  /** Distinguishes the ids of two losses. */
  readonly side: string;
  readonly value: number | string;
  readonly onChange: (value: number | string) => void;
}

/** A slider with a number beside it, or a list of choices. */
export function KnobControl({ knob, ...rest }: KnobControlProps<Knob>) {
  if (!('choices' in knob)) return <NumberControl knob={knob} {...rest} />;
  const id = `${rest.side}-${knob.name}`;
  return (
    <div class="knob">
      <label for={id}>{knob.name}</label>
      <select
        id={id}
        value={rest.value}
        onChange={(event) => {
          rest.onChange(event.currentTarget.value);
        }}
      >
        {knob.choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    </div>
  );
}

function NumberControl({ knob, side, value, onChange }: KnobControlProps<NumberKnob>) {
  const id = `${side}-${knob.name}`;
  const { label = knob.name, low, high, step, meaning } = knob;
  const read = (event: { readonly currentTarget: HTMLInputElement }): void => {
    const wanted = event.currentTarget.valueAsNumber;
    if (Number.isFinite(wanted)) onChange(Math.min(Math.max(wanted, low), high));
  };
  return (
    <div class="knob" title={meaning}>
      <label for={id}>{label}</label>
      <input id={id} type="range" min={low} max={high} step={step} value={value} aria-description={meaning} onInput={read} />
      <input type="number" min={low} max={high} step={step} value={value} aria-label={`${label}, as a number`} onChange={read} />
    </div>
  );
}

import { losses, type LossName } from 'prefloss/core';
import type { Setting } from './curves.js';
import { knobsOf, startOf, type Knob } from './knobs.js';

/** What the Shape tab shows: one loss, or two. */
export interface View {
  readonly a: Setting;
  readonly b: Setting | undefined;
}

/** A loss with every knob where it starts. */
export const fresh = (name: LossName): Setting => ({ name, values: startOf(name) });

/** Reads a view from the parameters of the address. Whatever is unknown or out of range is left at its start. */
export function viewFrom(params: URLSearchParams): View {
  return {
    a: settingFrom(params, 'a') ?? fresh('dpo'),
    b: params.size === 0 ? fresh('hinge') : settingFrom(params, 'b'),
  };
}

function settingFrom(params: URLSearchParams, side: string): Setting | undefined {
  const name = params.get(side);
  if (name === null || !Object.hasOwn(losses, name)) return undefined;
  const own = name as LossName;
  const values = knobsOf(own).map((knob) => [knob.name, valueFrom(knob, params.get(`${side}.${knob.name}`))] as const);
  return { name: own, values: Object.fromEntries(values) };
}

function valueFrom(knob: Knob, text: string | null): number | string {
  if (text === null) return knob.start;
  if ('choices' in knob) return knob.choices.includes(text) ? text : knob.start;
  const value = Number(text);
  return value >= knob.low && value <= knob.high ? value : knob.start;
}

/** Writes a view as parameters; knobs where they start are left out. */
export function paramsOf({ a, b }: View): URLSearchParams {
  const params = new URLSearchParams();
  const write = (side: string, { name, values }: Setting): void => {
    params.set(side, name);
    for (const knob of knobsOf(name)) {
      if (values[knob.name] !== knob.start) params.set(`${side}.${knob.name}`, String(values[knob.name]));
    }
  };
  write('a', a);
  if (b) write('b', b);
  return params;
}

import { lossNamed, ops, valueAndGrads, type LossName } from 'prefloss/core';
import { axisOf, fieldsOf as fixedFieldsOf, pick } from '../../../tools/docs/axes.js';
import { optionNames, usedKnobs, type Values } from './knobs.js';

/** A loss with the settings of its knobs. */
export interface Setting {
  readonly name: LossName;
  readonly values: Values;
}

/** Loss and slope at a place of the x axis. */
export interface Place {
  readonly loss: number;
  readonly slope: number;
}

/** A curve of a loss: losses of labelled examples have two. */
export interface Curve {
  readonly label: string;
  readonly at: (x: number) => Place;
}

/** Returns the options that the settings stand for. */
export function optionsOf({ name, values }: Setting): Record<string, number | string> {
  const isOption = optionNames(name);
  return Object.fromEntries(
    usedKnobs(name, values)
      .filter((knob) => isOption.includes(knob.name))
      .map((knob) => [knob.name, values[knob.name]!]),
  );
}

/** Returns the batch fields that only this loss has. */
function fieldsOf({ name, values }: Setting): object {
  const sides = (field: string) => ({ chosen: [values[`${field}.chosen`]], rejected: [values[`${field}.rejected`]] });
  const all = {
    ...fixedFieldsOf(name),
    kl: values.kl,
    nll: values.nll,
    quantile: [values.quantile],
    target: [values.target],
    lengths: sides('lengths'),
    sequentialKl: sides('sequentialKl'),
    statistics: { mean: values['statistics.mean'], std: values['statistics.std'] },
    ...(lossNamed(name).kind === 'pairs' && { rewards: sides('rewards') }),
  };
  return pick(all, lossNamed(name).fields, 'FIELDS');
}

/** The field whose two values have a curve each, and what they are called; undefined if a loss has one curve. */
function labelOf(name: LossName): { readonly field: string; readonly words: Readonly<Record<0 | 1, string>> } | undefined {
  const { kind, fields } = lossNamed(name);
  if (kind === 'examples') return { field: 'desirable', words: { 1: 'desirable', 0: 'undesirable' } };
  return fields.includes('tie') ? { field: 'tie', words: { 1: 'tie', 0: 'preferred' } } : undefined;
}

/** Returns the curves of a loss. */
export function curvesOf(setting: Setting): readonly Curve[] {
  const { loss } = lossNamed(setting.name);
  const { batch } = axisOf(setting.name);
  const [options, fields, level] = [optionsOf(setting), fieldsOf(setting), setting.values.level as number | undefined];
  const at = (x: number, labels: object): Place => {
    const { loss: value, grads } = valueAndGrads(
      ({ x: list }) => {
        return { loss: ops.sum(loss({ ...batch(list, level), ...fields, ...labels }, options)) };
      },
      { x: [x] },
    );
    return { loss: value, slope: grads.x[0]! };
  };
  const label = labelOf(setting.name);
  if (label === undefined) return [{ label: setting.name, at: (x) => at(x, {}) }];
  return ([1, 0] as const).map((value) => ({
    label: `${setting.name}, ${label.words[value]}`,
    at: (x) => at(x, { [label.field]: [value] }),
  }));
}

import { lossNamed, ops, valueAndGrads, type LossName } from 'prefloss/core';
import { axisOf, FIELDS, pick } from '../../../tools/docs/axes.js';
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
    ...FIELDS,
    gold: [values.gold],
    kl: values.kl,
    nll: values.nll,
    quantile: [values.quantile],
    target: [values.target],
    lengths: sides('lengths'),
    sequentialKl: sides('sequentialKl'),
  };
  return pick(all, lossNamed(name).fields, 'FIELDS');
}

/** Returns the curves of a loss. */
export function curvesOf(setting: Setting): readonly Curve[] {
  const { loss, kind } = lossNamed(setting.name);
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
  if (kind !== 'examples') return [{ label: setting.name, at: (x) => at(x, {}) }];
  return [1, 0].map((label) => ({
    label: `${setting.name}, ${label === 1 ? 'desirable' : 'undesirable'}`,
    at: (x) => at(x, { desirable: [label] }),
  }));
}

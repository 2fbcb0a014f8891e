import { losses, type LossKind, type LossName } from 'prefloss/core';
import { fresh } from './address.js';
import type { Setting } from './curves.js';
import { Formula } from './Formula.js';
import { KnobControl } from './KnobControl.js';
import { usedKnobs } from './knobs.js';

const KINDS: Readonly<Record<LossKind, string>> = {
  pairs: 'Pairs, with a reference',
  referenceFreePairs: 'Pairs, without a reference',
  examples: 'Unpaired examples',
  completions: 'Single completions',
  referenceFreeCompletions: 'Single completions, without a reference',
  lists: 'Lists of candidates',
  referenceFreeLists: 'Lists, without a reference',
  rewards: 'Rewards',
};

const NAMES = Object.keys(losses) as LossName[];

interface LossCardProps {
  readonly side: 'a' | 'b';
  readonly label: string;
  readonly setting: Setting | undefined;
  /** Whether the user may choose none. */
  readonly isOptional?: boolean;
  readonly onChange: (setting: Setting | undefined) => void;
}

/** The choice of a loss, its knobs and its formula. */
export function LossCard({ side, label, setting, isOptional = false, onChange }: LossCardProps) {
  return (
    <section class={`card loss-${side}`} aria-label={label}>
      <div class="buttons">
        <label for={`loss-${side}`}>{label}</label>
        <select
          id={`loss-${side}`}
          value={setting?.name ?? ''}
          onChange={(event) => {
            const { value } = event.currentTarget;
            onChange(value === '' ? undefined : fresh(value as LossName));
          }}
        >
          {isOptional && <option value="">none</option>}
          {(Object.keys(KINDS) as LossKind[]).map((kind) => (
            <optgroup key={kind} label={KINDS[kind]}>
              {NAMES.filter((name) => losses[name].kind === kind).map((name) => (
                <option key={name}>{name}</option>
              ))}
            </optgroup>
          ))}
        </select>
        {setting && (
          <button
            type="button"
            onClick={() => {
              onChange(fresh(setting.name));
            }}
          >
            Defaults
          </button>
        )}
      </div>
      {setting && (
        <>
          {usedKnobs(setting.name, setting.values).map((knob) => (
            <KnobControl
              key={`${setting.name} ${knob.name}`}
              knob={knob}
              side={side}
              value={setting.values[knob.name]!}
              onChange={(value) => {
                onChange({ ...setting, values: { ...setting.values, [knob.name]: value } });
              }}
            />
          ))}
          <Formula name={setting.name} />
        </>
      )}
    </section>
  );
}

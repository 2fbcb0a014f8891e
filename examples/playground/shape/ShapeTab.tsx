import { useEffect, useMemo, useState } from 'preact/hooks';
import { axisOf } from '../../../tools/docs/axes.js';
import { batch } from '../state.js';
import { route, setParams } from '../ui/route.js';
import { paramsOf, viewFrom, type View } from './address.js';
import { curvesOf, type Setting } from './curves.js';
import { LossCard } from './LossCard.js';
import { LossCharts, type Drawn } from './LossCharts.js';
import { EXAMPLE_BATCH, marksOf } from './marks.js';

/** The shape of a loss: its value and slope, alone or beside those of another loss. */
export function ShapeTab() {
  const { tab, params } = route.value;
  const isShown = tab === 'shape' || tab === '';
  const [view, setView] = useState<View>(() => viewFrom(isShown ? params : new URLSearchParams()));
  useEffect(() => {
    if (isShown && params.size > 0) setView(viewFrom(params));
  }, [params]);
  const change = (next: View): void => {
    setView(next);
    setParams('shape', paramsOf(next));
  };
  const [hasMarks, setHasMarks] = useState(true);
  const pairs = batch.value ?? EXAMPLE_BATCH;

  const a = useDrawn(view.a, 0);
  const b = useDrawn(view.b, a.curves.length);
  const drawn = b ? [a, b] : [a];
  const groups = a.axis.label === b?.axis.label ? [drawn] : drawn.map((one) => [one]);
  const unmarked = drawn.filter(({ name }) => marksOf(name, pairs).length === 0).map(({ name }) => name);
  return (
    <div class="shape">
      <LossCard
        side="a"
        label="Loss"
        setting={view.a}
        onChange={(setting) => {
          change({ ...view, a: setting! });
        }}
      />
      <LossCard
        side="b"
        label="Compare with"
        setting={view.b}
        isOptional
        onChange={(setting) => {
          change({ ...view, b: setting });
        }}
      />
      <div class="shape-charts">
        {groups.map((group) => (
          <LossCharts key={group.map(({ name }) => name).join()} drawn={group} pairs={hasMarks ? pairs : undefined} />
        ))}
        <p class="muted">
          <label>
            <input
              type="checkbox"
              checked={hasMarks}
              onChange={(event) => {
                setHasMarks(event.currentTarget.checked);
              }}
            />{' '}
            Mark the pairs of {pairs.source}.
          </label>
          {hasMarks && unmarked.length > 0 && ` They are pairs of log-probs, which ${unmarked.join(' and ')} does not take.`}
        </p>
      </div>
    </div>
  );
}

function useDrawn(setting: Setting, firstColour: number): Drawn;
function useDrawn(setting: Setting | undefined, firstColour: number): Drawn | undefined;
function useDrawn(setting: Setting | undefined, firstColour: number): Drawn | undefined {
  return useMemo(
    () => setting && { name: setting.name, axis: axisOf(setting.name), curves: curvesOf(setting), firstColour },
    [setting, firstColour],
  );
}

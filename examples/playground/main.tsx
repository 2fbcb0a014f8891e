import 'katex/dist/katex.min.css';
import { render, type ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Tabs } from './ui/Tabs.js';
import { openTab, route } from './ui/route.js';
import { ShapeTab } from './shape/ShapeTab.js';

const TABS = [
  { id: 'shape', label: 'Shape of a loss' },
  { id: 'train', label: 'Train here' },
  { id: 'own', label: 'Write your own' },
];

/** The tabs that are loaded when they are first opened. */
const LAZY: Readonly<Record<string, () => Promise<ComponentType>>> = {
  train: async () => (await import('./train/TrainTab.js')).TrainTab,
  own: async () => (await import('./own/OwnTab.js')).OwnTab,
};

function Lazy({ id }: { readonly id: string }) {
  const [state, setState] = useState<{ Tab?: ComponentType; error?: string }>({});
  useEffect(() => {
    LAZY[id]!().then(
      (Tab) => {
        setState({ Tab });
      },
      (error: unknown) => {
        setState({ error: String(error) });
      },
    );
  }, [id]);
  if (state.error !== undefined) return <p role="alert">This tab could not be loaded: {state.error}</p>;
  return state.Tab ? <state.Tab /> : <p>Loading …</p>;
}

/** A tab stays alive once it was opened: a run continues while its user looks at another tab. */
function App() {
  const { tab } = route.value;
  const selected = TABS.some(({ id }) => id === tab) ? tab : 'shape';
  const [opened, setOpened] = useState<readonly string[]>([]);
  useEffect(() => {
    if (!opened.includes(selected)) setOpened([...opened, selected]);
  }, [selected]);
  return (
    <>
      <header>
        <h1>prefloss playground</h1>
        <p>Preference-optimization losses to see, train with and change. Everything runs in this page; nothing leaves it.</p>
      </header>
      <Tabs label="Playground" tabs={TABS} selected={selected} onSelect={openTab}>
        <div hidden={selected !== 'shape'}>
          <ShapeTab />
        </div>
        {Object.keys(LAZY).map(
          (id) =>
            opened.includes(id) && (
              <div key={id} hidden={selected !== id}>
                <Lazy id={id} />
              </div>
            ),
        )}
      </Tabs>
    </>
  );
}

render(<App />, document.getElementById('app')!);

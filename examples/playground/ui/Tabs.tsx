import type { ComponentChildren } from 'preact';

interface Tab {
  readonly id: string;
  readonly label: string;
}

interface TabsProps {
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly selected: string;
  readonly onSelect: (id: string) => void;
  readonly children: ComponentChildren;
}

/** A row of tabs above the panel of the selected one. Arrow keys, Home and End move between them. */
export function Tabs({ label, tabs, selected, onSelect, children }: TabsProps) {
  const move = (event: KeyboardEvent): void => {
    const at = tabs.findIndex(({ id }) => id === selected);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const { id } = tabs.at(to % tabs.length)!;
    onSelect(id);
    document.getElementById(`tab-${id}`)?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map(({ id, label: text }) => (
          <button
            key={id}
            id={`tab-${id}`}
            role="tab"
            type="button"
            aria-selected={id === selected}
            aria-controls="panel"
            tabIndex={id === selected ? 0 : -1}
            onClick={() => {
              onSelect(id);
            }}
          >
            {text}
          </button>
        ))}
      </div>
      <main>
        <div id="panel" role="tabpanel" aria-labelledby={`tab-${selected}`}>
          {children}
        </div>
      </main>
    </>
  );
}

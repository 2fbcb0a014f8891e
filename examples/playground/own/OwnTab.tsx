import { useEffect, useRef, useState } from 'preact/hooks';
import { variant } from '../state.js';
import { openTab } from '../ui/route.js';
import { Editor, type Mistake } from './Editor.js';
import { examine } from './examine.js';
import { Findings } from './Findings.js';
import type { Finding } from './messages.js';
import { variants } from './variants/index.js';

const FIRST = 'cautiousDpo';

/** An editor for a loss of the user's, and what the library says about it. */
export function OwnTab() {
  const [name, setName] = useState(FIRST);
  const [source, setSource] = useState(variants[FIRST]!);
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const [isRunning, setIsRunning] = useState(false);
  const stop = useRef<(() => void) | undefined>(undefined);

  const run = (): void => {
    stop.current?.();
    setFindings([]);
    setIsRunning(true);
    stop.current = examine(source, (finding) => {
      setFindings((before) => [...before, finding]);
      if (finding.type === 'done' || finding.type === 'failed') setIsRunning(false);
    });
  };
  useEffect(() => () => stop.current?.(), []);
  const last = findings.at(-1);
  return (
    <div class="own">
      <p>
        A loss is a function in <code>ops</code>, the operations that every engine has. It runs in a worker, which cannot reach any other
        site.
      </p>
      <div class="buttons">
        <label for="variant">Start from</label>
        <select
          id="variant"
          value={name}
          onChange={(event) => {
            setName(event.currentTarget.value);
            setSource(variants[event.currentTarget.value]!);
          }}
        >
          {Object.keys(variants).map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
        <button type="button" class="primary" onClick={run} disabled={isRunning}>
          Run
        </button>
        <button
          type="button"
          onClick={() => {
            variant.value = { name, source };
            openTab('train');
          }}
        >
          Train with it
        </button>
        <span class="muted">Ctrl+Enter runs it; the Tab key leaves the editor.</span>
      </div>
      <Editor start={source} mistake={last?.type === 'failed' ? mistakeIn(last.message) : undefined} onChange={setSource} onRun={run} />
      <p role="status">{isRunning ? 'Running …' : last?.type === 'done' ? 'Done.' : ''}</p>
      <div class="findings">
        <Findings findings={findings} />
      </div>
    </div>
  );
}

function mistakeIn(message: string): Mistake | undefined {
  const [, line, rest] = /^Line (\d+): ([^]*)$/.exec(message) ?? [];
  return line === undefined ? undefined : { line: Number(line), message: rest! };
}

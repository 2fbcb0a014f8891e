import { useEffect } from 'preact/hooks';
import { variant } from '../state.js';
import { send, start } from './client.js';
import type { Backend } from './protocol.js';
import type { RunState } from './runState.js';
import { change, LOSSES, optionsOf, settings, type Settings } from './settings.js';

const NUMBERS = [
  { name: 'seed', label: 'Seed', min: 0, max: 1e6, step: 1 },
  { name: 'beta', label: 'Beta', min: 0.001, max: 100, step: 'any' },
  { name: 'learningRate', label: 'Learning rate', min: 1e-7, max: 1, step: 'any' },
  { name: 'batchSize', label: 'Pairs per update', min: 1, max: 1000, step: 1 },
  { name: 'heldOut', label: 'Held-out pairs', min: 1, max: 150, step: 1 },
  { name: 'sftSteps', label: 'Fine-tuning updates', min: 1, max: 10_000, step: 1 },
  { name: 'steps', label: 'Preference updates', min: 1, max: 10_000, step: 1 },
] as const;

/** The settings of a run, and the buttons that start and halt it. */
export function Controls({ state: { status } }: { readonly state: RunState }) {
  const { loss, backend, ...numbers } = settings.value;
  const own = variant.value;
  useEffect(() => {
    if (own) change({ loss: 'own' });
  }, [own]);
  const isActive = status === 'starting' || status === 'running' || status === 'paused';
  const isPaused = status === 'paused';
  return (
    <form
      class="card train-controls"
      onSubmit={(event) => {
        event.preventDefault();
        start(optionsOf(settings.value));
      }}
    >
      <fieldset disabled={isActive}>
        <legend class="visually-hidden">Settings of the run</legend>
        <label>
          Loss
          <select
            value={loss}
            onChange={(event) => {
              change({ loss: event.currentTarget.value as Settings['loss'] });
            }}
          >
            {LOSSES.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
            {own && (
              <optgroup label="Your own">
                <option value="own">{own.name}</option>
              </optgroup>
            )}
          </select>
        </label>
        <label>
          Backend
          <select
            value={backend}
            onChange={(event) => {
              change({ backend: event.currentTarget.value as Backend });
            }}
          >
            <option value="webgpu">WebGPU</option>
            <option value="wasm">wasm</option>
          </select>
        </label>
        {NUMBERS.map(({ name, label, ...range }) => (
          <label key={name}>
            {label}
            <input
              type="number"
              inputMode="decimal"
              required
              {...range}
              value={numbers[name]}
              onChange={(event) => {
                change({ [name]: event.currentTarget.valueAsNumber });
              }}
            />
          </label>
        ))}
      </fieldset>
      <div class="buttons">
        <button class="primary" disabled={isActive}>
          {status === 'done' || status === 'failed' ? 'Start over' : 'Start'}
        </button>
        <button
          type="button"
          disabled={status !== 'running' && !isPaused}
          onClick={() => {
            send({ type: isPaused ? 'resume' : 'pause' });
          }}
        >
          {isPaused ? 'Go on' : 'Pause'}
        </button>
        <button
          type="button"
          disabled={status === 'done' || status === 'failed'}
          onClick={(event) => {
            if (status === 'idle') {
              if (!event.currentTarget.form!.reportValidity()) return;
              start(optionsOf(settings.value));
            }
            send({ type: 'step' });
          }}
        >
          One step
        </button>
        <button
          type="button"
          disabled={status === 'idle'}
          onClick={() => {
            send({ type: 'reset' });
          }}
        >
          Reset
        </button>
      </div>
    </form>
  );
}

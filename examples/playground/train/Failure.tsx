import { send } from './client.js';
import type { Backend } from './protocol.js';
import type { RunState } from './runState.js';
import { settings } from './settings.js';

/** Why the run has stopped, and how it can go on. */
export function Failure({ state: { backend }, failure }: { readonly state: RunState; readonly failure: NonNullable<RunState['failure']> }) {
  const { message, isLost, checkpoint } = failure;
  const { learningRate } = settings.value;
  const goOn = (on: Backend) => () => {
    send({ type: 'recover', backend: on, learningRate });
  };
  const from = checkpoint && `${checkpoint.step} updates of ${checkpoint.phase === 'sft' ? 'fine-tuning' : 'preference training'}`;
  return (
    <div class="error" role="alert">
      <p>{message}</p>
      {from !== undefined && (
        <>
          <p>
            The state after {from} is kept.
            {!isLost && ' Go on from there, with another learning rate if you set one above.'}
          </p>
          <div class="buttons">
            {isLost && (
              <button type="button" class="primary" onClick={goOn('webgpu')}>
                Go on with WebGPU
              </button>
            )}
            {isLost && (
              <button type="button" onClick={goOn('wasm')}>
                Go on with wasm
              </button>
            )}
            {!isLost && (
              <button type="button" class="primary" onClick={goOn(backend === 'webgpu' ? 'webgpu' : 'wasm')}>
                Go on with learning rate {learningRate}
              </button>
            )}
          </div>
        </>
      )}
    </div>
  );
}

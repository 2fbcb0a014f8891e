/** DPO on jax-js in a page: on WebGPU, or on wasm where a browser has none. */
import { defaultDevice, init } from '@jax-js/jax';
import { train } from './train.js';

const log = (line: string): void => {
  document.querySelector('#log')!.append(`${line}\n`);
};
const device = (await init()).includes('webgpu') ? 'webgpu' : 'wasm';
defaultDevice(device);
log(`on ${device}`);
await train(log);
log('done');

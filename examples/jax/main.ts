/** DPO on jax-js in Node.js, on wasm. Run it with `npx tsx examples/jax/main.ts`. */
import { Float16Array } from '@petamoriken/float16';
import { init } from '@jax-js/jax';
import { train } from './train.js';

Object.assign(globalThis, { Float16Array }); // Node.js 20 and 22 lack it
await init('wasm');
await train((line) => {
  console.log(line);
});

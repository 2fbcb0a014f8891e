import { Float16Array } from '@petamoriken/float16';
import { loadWithBuffers } from '../support/engines/jaxBuffers.js';

// Node.js 20 and 22 lack it.
Object.assign(globalThis, { Float16Array });
const { init } = await loadWithBuffers();
await init('wasm');

import { defaultDevice, init } from '@jax-js/jax';

if (!(await init('webgpu')).includes('webgpu')) throw new Error('jax-js found no WebGPU');
defaultDevice('webgpu');

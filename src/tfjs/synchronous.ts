import { getBackend } from '@tensorflow/tfjs-core';

const SYNCHRONOUS = ['cpu', 'wasm', 'tensorflow'];

/** Whether the active backend of TensorFlow.js computes on the caller's own thread: reading costs no wait there. */
export const isSynchronous = (): boolean => SYNCHRONOUS.includes(getBackend());

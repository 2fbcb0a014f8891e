import { getBackend } from '@tensorflow/tfjs-core';

const SYNCHRONOUS = ['cpu', 'wasm', 'tensorflow'];

/** Whether the active tfjs backend computes synchronously, so that values can be read without waiting for a device. */
export const isSynchronous = (): boolean => SYNCHRONOUS.includes(getBackend());

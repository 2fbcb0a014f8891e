/**
 * Losses on jax-js: registers its engine, so that every function of `prefloss/core` takes arrays of `@jax-js/jax`.
 *
 * @packageDocumentation
 */
import { registerBackend } from '../backend/registry.js';
import { jaxJs } from './adapter.js';

registerBackend(jaxJs);

export { owning } from './owning.js';

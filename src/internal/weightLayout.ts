import type { WeightLayout } from '../backend/types.js';

/** The layouts of an output embedding; the first is the default. */
export const WEIGHT_LAYOUTS = ['vocabularyByHidden', 'hiddenByVocabulary'] as const satisfies readonly WeightLayout[];

/** The axis of the vocabulary; the hidden width is the other one. */
export const vocabularyAxis = (layout: WeightLayout = 'vocabularyByHidden'): 0 | 1 => (layout === 'vocabularyByHidden' ? 0 : 1);

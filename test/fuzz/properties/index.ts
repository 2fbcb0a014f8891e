import type { Property } from '../property.js';
import { checkpoints } from './checkpoints.js';
import { ggufFiles } from './gguf.js';
import { jsonl, jsonlRows, jsonlStream } from './jsonl.js';
import { kernels } from './kernels.js';
import { lossOptions, otherOptions } from './options.js';
import { batches, packedPairs, packedSequences } from './packing.js';
import { converters, rows, throwingRows } from './rows.js';

/** All properties, in the order in which they are tried. */
export const properties: readonly Property[] = [
  checkpoints,
  jsonl,
  jsonlStream,
  jsonlRows,
  ...rows,
  ...throwingRows,
  converters,
  lossOptions,
  otherOptions,
  packedSequences,
  packedPairs,
  batches,
  ggufFiles,
  ...kernels,
];

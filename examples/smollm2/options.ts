import { parseArgs } from 'node:util';
import { BACKENDS, type BackendName } from '../train-tiny-gpt/backend.js';
import { UsageError } from '../train-tiny-gpt/usageError.js';
import { hasTfjsNode } from '../../tools/tfjs-node.js';

/** What the command line decides. */
export interface Options {
  readonly backend: BackendName;
  readonly steps: number;
  readonly batchSize: number;
  readonly maxLength: number;
  readonly validation: number;
  readonly lr: number;
  readonly beta: number;
  readonly rank: number;
  readonly seed: number;
  readonly samples: number;
  readonly sampleTokens: number;
  readonly resume: boolean;
  readonly out: string | undefined;
}

const DEFAULTS = { steps: 40, 'batch-size': 2, 'max-length': 128, validation: 8, lr: 1e-3, beta: 0.1, rank: 8, seed: 0, samples: 2, 'sample-tokens': 32 }; // prettier-ignore
type NumberName = keyof typeof DEFAULTS;
/** Numbers that may be 0. */
const FROM_ZERO: readonly NumberName[] = ['seed', 'samples'];

export const HELP = `Aligns SmolLM2-135M-Instruct with DPO and LoRA on real preference pairs.

  node examples/smollm2/get-weights.mjs   # once: 93 MB
  npx tsx examples/smollm2/main.ts [options]

  --backend        ${BACKENDS.join(', ')}; default tfjs-node if it is set up, else wasm
  --steps          updates; default ${DEFAULTS.steps}
  --batch-size     pairs in an update; default ${DEFAULTS['batch-size']}
  --max-length     longest row in tokens, which keeps its end; default ${DEFAULTS['max-length']}
  --validation     pairs to hold out; default ${DEFAULTS.validation}
  --lr             largest learning rate; default ${DEFAULTS.lr}
  --beta           weight of the penalty; default ${DEFAULTS.beta}
  --rank           rank of the adapters; default ${DEFAULTS.rank}
  --seed           decides what is held out and the order of the pairs; default ${DEFAULTS.seed}
  --samples        answers to show before and after; default ${DEFAULTS.samples}
  --sample-tokens  tokens of an answer; default ${DEFAULTS['sample-tokens']}
  --resume         goes on from the checkpoint in --out
  --out            folder for the results; default examples/smollm2/out
  --help           this text`;

/** Reads the command line; undefined if it asks for help. */
export function parseOptions(args: string[]): Options | undefined {
  const names = Object.keys(DEFAULTS) as NumberName[];
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  let values: Readonly<Record<string, string | boolean | undefined>>;
  try {
    const options = { ...Object.fromEntries(names.map((name) => [name, text])), backend: text, out: text, resume: flag, help: flag };
    values = parseArgs({ args, options }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(/\. |\n/)[0]!}; --help lists the options`);
  }
  if (values.help) return undefined;
  const backend = values.backend ?? (hasTfjsNode() ? 'tfjs-node' : 'wasm');
  const known = BACKENDS.find((name) => name === backend);
  if (!known) throw new UsageError(`--backend is "${String(backend)}", expected one of ${BACKENDS.join(', ')}`);
  const number = (name: NumberName): number => {
    const given = values[name];
    if (given === undefined) return DEFAULTS[name];
    const value = Number(given);
    const isWhole = Number.isInteger(DEFAULTS[name]);
    const least = FROM_ZERO.includes(name) ? 0 : isWhole ? 1 : Number.MIN_VALUE;
    if (value >= least && value < Infinity && (!isWhole || Number.isInteger(value)) && String(given).trim() !== '') return value;
    throw new UsageError(`--${name} is "${String(given)}", expected ${isWhole ? `an integer >= ${least}` : 'a number > 0'}`);
  };
  return {
    backend: known,
    steps: number('steps'),
    batchSize: number('batch-size'),
    maxLength: number('max-length'),
    validation: number('validation'),
    lr: number('lr'),
    beta: number('beta'),
    rank: number('rank'),
    seed: number('seed'),
    samples: number('samples'),
    sampleTokens: number('sample-tokens'),
    resume: values.resume === true,
    out: values.out as string | undefined,
  };
}

// Writes the parts of docs/limits.md that follow from the catalogue, the goldens, the kernels and the measurements.
import { readFileSync } from 'node:fs';
import { losses } from '../../src/core.js';
import { listKernels } from '../../src/index.js';
import { gpuSentence } from '../../bench/pages/driver.js';
import { gpuResults } from '../../bench/pages/generated.js';
import { withParts } from '../markdown.js';
import { goldenOf, originalsOf } from './goldens.js';

const ROOT = new URL('../../', import.meta.url);

/** Sources of golden values by somebody other than the authors of the loss. */
const THIRD_PARTIES: Readonly<Record<string, string>> = { sampo: "SamPO's authors" };

function sourcesOf(name: string): string[] {
  const golden = goldenOf(name);
  if (!golden) throw new Error(`test/goldens/${name}.json is missing: "Add a loss" in tools/goldens/README.md says how to write it`);
  return originalsOf(golden);
}

const listed = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

function lossesPart(): string {
  const names = Object.keys(losses);
  const formulaOnly = names.filter((name) => sourcesOf(name).length === 0);
  const rewards = names.filter((name) => losses[name as keyof typeof losses].kind === 'rewards');
  const lines = [
    `- The catalogue has ${names.length} losses; ${listed(rewards)} is the loss of a reward model, the others align a policy.`,
    `- ${listed(formulaOnly)} are tested against their formula in 50 digits only: no implementation of them was executed.`,
  ];
  for (const [source, author] of Object.entries(THIRD_PARTIES)) {
    const own = names.filter((name) => sourcesOf(name).every((one) => one === source) && sourcesOf(name).length > 0);
    lines.push(`- ${listed(own)} are tested against the implementation of ${author}, who did not propose them, and their formula.`);
  }
  lines.push('- Every other loss is tested, value and gradient, against at least one implementation by its authors or a training library.');
  return lines.join('\n');
}

function kernelsPart(): string {
  return Object.entries(listKernels())
    .map(([operation, kinds]) => {
      const missing = Object.keys(kinds).filter((backend) => kinds[backend] === 'definition');
      return missing.length === 0
        ? `- \`${operation}\` has a fused kernel on every TensorFlow.js backend listed in [Kernels](kernels.md).`
        : `- \`${operation}\` has no fused kernel on ${missing.join(', ')}; plain operations run there, which take more time and memory.`;
    })
    .join('\n');
}

const gpuPart = (): string => `- ${gpuSentence(gpuResults())} The tests of WebGPU and WebGL run on SwiftShader, a software driver.`;

const PARTS = { losses: lossesPart, kernels: kernelsPart, gpu: gpuPart } as const;

/** The text of docs/limits.md with its generated parts. */
export const withLimits = (): string =>
  withParts(readFileSync(new URL('docs/limits.md', ROOT), 'utf8'), 'npm run generate writes this', PARTS, (part) => `\n\n${part()}\n\n`);

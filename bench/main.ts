/** Measures time and memory against plain TensorFlow.js on every backend. Run it with `--help` to see the options. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment } from './environment.js';
import { HELP, parseOptions, UsageError, type Options } from './options.js';
import { backendReport, legend } from './report.js';
import type { BackendResult, Results } from './results.js';
import { runBackend } from './runWorker.js';

async function main({ backends, repeats, quick, out }: Options): Promise<void> {
  const results: BackendResult[] = [];
  // One after the other: they would take each other's cores.
  for (const backend of backends) {
    const result = await runBackend({ backend, repeats, quick });
    results.push(result);
    console.log(`${backendReport(result)}\n`);
  }
  const all: Results = { environment: environment(), repeats, backends: results };
  console.log(legend(all));
  const file = out === undefined ? fileURLToPath(new URL('results/latest.json', import.meta.url)) : resolve(out);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(all, undefined, 2)}\n`);
  console.log(`Written to ${relative(process.cwd(), file)}`);
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options) await main(options);
  else console.log(HELP);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

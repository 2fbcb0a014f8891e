/** Measures time and memory against plain TensorFlow.js on every backend. Run it with `--help` to see the options. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment } from './environment.js';
import { BACKENDS, HELP, parseOptions, UsageError, type Options } from './options.js';
import { withTable } from './markdown.js';
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
  const isWhole = !quick && results.length === BACKENDS.length && results.every((result) => !('skipped' in result));
  if (out !== undefined) write(resolve(out), toJson(all));
  else if (isWhole) {
    write(fileURLToPath(new URL('results/latest.json', import.meta.url)), toJson(all));
    const readme = fileURLToPath(new URL('../README.md', import.meta.url));
    write(readme, withTable(readFileSync(readme, 'utf8'), all));
  } else console.log('Not written: bench/results/latest.json is of whole runs on every backend. Give --out to keep this one.');
}

const toJson = (results: Results): string => `${JSON.stringify(results, undefined, 2)}\n`;

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
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

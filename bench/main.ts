/** Measures time and memory against plain TensorFlow.js and PyTorch on every backend. Run it with `--help` to see the options. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment } from './environment.js';
import { machine } from './format.js';
import { BACKENDS, HELP, parseOptions, runCommand, STUDIES, type BackendName, type Options } from './options.js';
import { pythonWithTorch, type Python } from './pytorch/venv.js';
import { studyReport } from './report.js';
import { isSkipped, type BackendResult, type Results } from './results.js';
import { runStudy } from './runWorker.js';

async function main(options: Options): Promise<void> {
  const { backends, studies, repeats, quick, update, out } = options;
  // Only one study compares with PyTorch, which is large.
  const python: Python = studies.includes('heads') ? await pythonWithTorch() : { skipped: 'the studies do not use it' };
  if (isSkipped(python)) console.log(`PyTorch: skipped, ${python.skipped}\n`);
  const results: BackendResult[] = [];
  // One at a time: in parallel they would compete for cores.
  for (const backend of backends) results.push(await measure(backend, options, python));
  const all: Results = { environment: environment(isSkipped(python) ? {} : python.versions), repeats, backends: results };
  console.log(
    `${machine(all.environment)}\nForward and backward pass; storage and resident memory are beyond the logits, as multiples of them.`,
  );

  const isWhole =
    !quick &&
    !isSkipped(python) &&
    backends.length === BACKENDS.length &&
    studies.length === STUDIES.length &&
    results.every((result) => Object.values(result.studies).every((rows) => !isSkipped(rows)));
  const latest = fileURLToPath(new URL('results/latest.json', import.meta.url));
  if (out !== undefined) writeJson(resolve(out), all);
  else if (isWhole || update) {
    writeJson(latest, update ? updated(JSON.parse(readFileSync(latest, 'utf8')) as Results, all) : all);
    await import('./pages/write.js');
  } else
    console.log('Not written: bench/results/latest.json takes whole runs only, every study on every backend. Use --out to keep this one.');
}

async function measure(backend: BackendName, { studies, repeats, quick, threads }: Options, python: Python): Promise<BackendResult> {
  const result: { backend: BackendName; threads?: number; adapter?: string; studies: Record<string, unknown> } = { backend, studies: {} };
  if (backend !== 'webgpu') result.threads = backend === 'tfjs-node' ? threads : 1;
  for (const study of studies) {
    const job = {
      backend,
      study,
      repeats,
      quick,
      threads: result.threads ?? threads,
      python: backend === 'webgpu' || isSkipped(python) ? undefined : python.command,
    };
    const answer = await runStudy(job);
    const rows = isSkipped(answer) ? answer : answer.rows;
    if (!isSkipped(answer) && answer.adapter !== undefined) result.adapter = `${answer.adapter.device}, ${answer.adapter.description}`;
    result.studies[study] = rows;
    console.log(`${backend}, ${study}\n\n${studyReport(study, rows)}\n`);
  }
  return result;
}

/**
 * Replaces the studies that were measured again, unless they were skipped. Every ratio is within one study on one backend, so the
 * others may stay.
 */
function updated(before: Results, measured: Results): Results {
  const backends = before.backends.map((result) => {
    const again = measured.backends.find(({ backend }) => backend === result.backend);
    if (!again) return result;
    const studies = Object.fromEntries(Object.entries(again.studies).filter(([, rows]) => !isSkipped(rows)));
    return { ...result, studies: { ...result.studies, ...studies } };
  });
  const versions = { ...before.environment.versions, ...measured.environment.versions };
  return { ...measured, environment: { ...measured.environment, versions }, backends };
}

function writeJson(file: string, results: Results): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
  console.log(`Written to ${relative(process.cwd(), file)}`);
}

await runCommand(async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options) await main(options);
  else console.log(HELP);
});

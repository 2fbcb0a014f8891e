/** Compares the training in the page of the playground with the same loop in Node.js, both on wasm: the time of an update, side by side. */
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { AdamW } from 'prefloss';
import { train } from '../examples/shared/train.js';
import { datasetOf } from '../examples/train-tiny-gpt/data.js';
import { TinyGpt } from '../examples/train-tiny-gpt/model.js';
import { preference } from '../examples/train-tiny-gpt/objectives.js';
import { ordering } from '../examples/train-tiny-gpt/ordering.js';
import { buildAndServe, noBrowser, openPage, startBrowser } from '../tools/page.js';
import { median } from './median.js';

const ROUNDS = 3;
/** Updates per round; the median is that of the last 20, as the page shows it. */
const STEPS = 24;
const SHOWN = 20;
/** Largest ratio of the page to Node.js. */
const BAR = 1.3;

const task = ordering();
const data = datasetOf(task, 0);

/** Returns the median time of an update in Node.js, in milliseconds. */
async function inNode(): Promise<number> {
  const policy = TinyGpt.create({ ...task.sizes, vocabularySize: data.vocabularySize }, 0);
  const reference = policy.frozen();
  const optimizer = new AdamW({ beta2: 0.99, weightDecay: 0 });
  const times: number[] = [];
  let since = performance.now();
  await train({
    variables: policy.variables,
    objective: preference('dpo', { policy, reference, beta: 1 }),
    optimizer,
    items: data.train,
    batchSize: task.batchSize,
    seed: 0,
    steps: STEPS,
    rate: () => task.rate,
    maxNorm: 1,
    evaluateEvery: STEPS,
    onBatch: () => {
      times.push(performance.now() - since);
      since = performance.now();
    },
    onEvaluation: () => Promise.resolve(false),
  });
  tf.dispose([...policy.variables, ...reference.variables]);
  optimizer.dispose();
  return median(times.slice(-SHOWN));
}

if (noBrowser !== undefined) throw new Error(`bench:page ${noBrowser}`);
tf.enableProdMode();
await tf.setBackend('wasm');
const served = await buildAndServe(fileURLToPath(new URL('../examples/playground', import.meta.url)));
const browser = await startBrowser();
try {
  const page = await openPage(browser);
  await page.goto(`${served.url}#train`);
  await page.getByRole('combobox', { name: 'Backend' }).selectOption('wasm');
  await page.getByRole('spinbutton', { name: 'Fine-tuning updates' }).fill('1');
  await page.getByRole('spinbutton', { name: 'Preference updates' }).fill(String(STEPS));
  const inPage = async (): Promise<number> => {
    await page.getByRole('button', { name: /^Start/ }).click();
    await page.getByRole('status').filter({ hasText: 'done' }).waitFor({ timeout: 300_000 });
    return Number(/(\d+) ms per update/.exec(await page.getByRole('region', { name: 'Progress' }).innerText())![1]);
  };
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [there, here] = [await inPage(), await inNode()];
    ratios.push(there / here);
    console.log(`page ${there} ms, Node.js ${here.toFixed(0)} ms per update: ${(there / here).toFixed(2)}x`);
  }
  console.log(`median ${median(ratios).toFixed(2)}x, expected at most ${BAR}x`);
  if (median(ratios) > BAR) process.exitCode = 1;
} finally {
  await browser.close();
  await served.stop();
}

// Builds the addon of tfjs-node from scratch, with the Node.js that runs this script, in a temporary folder and not from the cache. Then
// trains a layers model with it: from Node.js 23 on, first without util.isNullOrUndefined, which must give our message, and then with
// the line that the message names. Run `npm run build` first.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'prefloss-tfjs-node-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
process.env.TFJS_NODE_CACHE = join(scratch, 'cache');
process.env.TF_CPP_MIN_LOG_LEVEL = '2'; // hides messages about the processor
process.env.NODE_PATH = join(root, 'node_modules'); // where the copy finds its dependencies

const source = join(root, 'node_modules/@tensorflow/tfjs-node');
const folder = join(scratch, 'tfjs-node');
cpSync(source, folder, { recursive: true, filter: (path) => !['deps', 'lib'].some((name) => path === join(source, name)) });
const { buildAddon } = await import('./build-tfjs-node.mjs');
await buildAddon(folder);

const loads = `const tf = require(${JSON.stringify(folder)}); const prefloss = require(${JSON.stringify(join(root, 'dist/index.cjs'))});`;
const trains = `const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, useBias: false, inputShape: [2] })] });
const logps = (x) => tf.reshape(model.apply(x), [-1]);
const [chosen, rejected] = [tf.tensor2d([[1, 0]]), tf.tensor2d([[0, 1]])];
const reference = { chosen: [0], rejected: [0] };
const lossOf = () => prefloss.ops.mean(prefloss.dpo({ policy: { chosen: logps(chosen), rejected: logps(rejected) }, reference }, { beta: 1 }));
const optimizer = new prefloss.AdamW({ learningRate: 0.1, weightDecay: 0 });
const losses = [];
for (let step = 0; step < 20; step++) {
  const { loss, grads } = prefloss.valueAndGrads(() => ({ loss: lossOf() }), model);
  optimizer.applyGradients(grads);
  losses.push(loss.dataSync()[0]);
}
if (tf.getBackend() !== 'tensorflow' || !(losses.at(-1) < losses[0] / 2)) throw new Error(tf.getBackend() + ': ' + losses.join());`;
const execute = (code) => spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
const fail = (what, { stdout, stderr }) => {
  throw new Error([what, stdout, stderr].join('\n'));
};

const [major] = process.versions.node.split('.').map(Number);
let mend = '';
if (major >= 23) {
  const bare = execute(loads + trains);
  [mend] = /Object\.assign\(process.*;$/m.exec(bare.stderr) ?? fail('expected a warning with the line that mends tfjs-node', bare);
  if (bare.status === 0) fail('expected tfjs-node to fail without util.isNullOrUndefined', bare);
}
const done = execute(mend + loads + trains);
if (done.status !== 0) fail('expected a training', done);
console.log(`tfjs-node, built from scratch on Node.js ${process.versions.node}, trains a layers model`);

import * as tf from '@tensorflow/tfjs';
const [, , what] = process.argv;
const { AdamW: New } = await import('/tmp/w/T/src/index.js');
const { AdamW: Old } = await import('/tmp/w/T-scratch/main/src/index.js');
await tf.setBackend('cpu');
const run = (n: number, size: number, rounds: number) => {
  const made = [Old, New].map((A) => {
    const ws = Array.from({ length: n }, (_, i) => tf.variable(tf.randomNormal([size], 0, 1, 'float32', i)));
    return { ws, grads: Object.fromEntries(ws.map((w) => [w.name, tf.randomNormal([size])])), o: new A() };
  });
  const times: number[][] = [[], []];
  for (let i = 0; i < rounds; i++) for (const k of i % 2 ? [0, 1] : [1, 0]) { const t = performance.now(); made[k]!.o.applyGradients(made[k]!.grads); times[k]!.push(performance.now() - t); }
  const mid = times.map((t) => t.slice(10).sort((a, b) => a - b)).map((t) => [t[0]!, t[t.length >> 2]!, t[t.length >> 1]!].map((x) => x.toFixed(3)).join(' '));
  console.log(`${n} x ${size}: min, quartile, median of main ${mid[0]!}; new ${mid[1]!}`);
  for (const { o, ws, grads } of made) { o.dispose(); tf.dispose([ws, grads]); }
};
run(200, 16, 150); run(20, 20000, 60); run(2, 500000, 40);

// A loss on the engine, and the report of its tests.
import { dpo } from 'prefloss/core';
import { backendConformance, conformanceReport } from 'prefloss/testing';
import { engine, tensor, type Tensor } from './engine.js';

const loss = dpo({
  policy: { chosen: tensor([-10]), rejected: tensor([-12]) },
  reference: { chosen: tensor([-11]), rejected: tensor([-11]) },
});
console.log(loss.data); // Float32Array(1) [ 0.5981388688087463 ]

const checks = backendConformance({
  backend: engine,
  tensor, // as its users make one
  read: (x: Tensor) => x.data, // as its users read one
});
const report = await conformanceReport(checks);
console.log(String(report));
if (!report.conforms) process.exitCode = 1;

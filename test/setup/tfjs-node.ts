import { loadTfjsNode } from '../../tools/tfjs-node.js';
import { start } from './start.js';

await loadTfjsNode();
await start('tensorflow');

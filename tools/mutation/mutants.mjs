// Mutants of formulas that are written in operations. Each makes one small change, found in the syntax tree.
import ts from 'typescript';

// A callee may be named like a method that objects inherit, such as `toString`.
const SWAPS = {
  __proto__: null,
  add: 'sub',
  sub: 'add',
  mul: 'div',
  div: 'mul',
  maximum: 'minimum',
  minimum: 'maximum',
  greater: 'greaterEqual',
  greaterEqual: 'greater',
  softplus: 'relu',
  expm1: 'exp',
  log1p: 'log',
};
/** Operations that are replaced by one of their arguments: a dropped sign, factor, addend, bound, mask or stop-gradient. */
const DROPS = {
  __proto__: null,
  neg: [0],
  stopGradient: [0],
  abs: [0],
  relu: [0],
  square: [0],
  add: [0, 1],
  sub: [0],
  mul: [0, 1],
  div: [0],
  maximum: [0],
  minimum: [0],
  where: [1, 2],
};
const SIDES = { __proto__: null, chosen: 'rejected', rejected: 'chosen', policy: 'reference', reference: 'policy' };
/** Calls whose arguments determine an engine or a shape but do not enter a result. */
const NOT_A_FORMULA = /^(check\w*|backendOf|shape|arange)$/;

const calleeName = (call) =>
  ts.isIdentifier(call.expression) ? call.expression.text : ts.isPropertyAccessExpression(call.expression) ? call.expression.name.text : '';

/** Returns all mutants of a source text as [{ line, before, after, text }], where `before` and `after` are the changed lines. */
export function mutantsOf(fileName, source) {
  const tree = ts.createSourceFile(fileName, source, ts.ScriptTarget.Latest, true);
  const found = [];
  // A mutant may need an operation that the file does not import.
  const depth = fileName.split('/').length - 2;
  const operations = `\nimport * as mutantOps from '${'../'.repeat(depth)}backend/ops.js';\n`;

  const replace = (node, replacement) => {
    const [start, end] = [node.getStart(tree), node.end];
    const from = source.lastIndexOf('\n', start) + 1;
    const to = (source.indexOf('\n', end) + 1 || source.length + 1) - 1;
    const plain = (text) => text.replaceAll(/\s+/g, ' ').replaceAll('mutantOps.', '').trim();
    found.push({
      line: tree.getLineAndCharacterOfPosition(start).line + 1,
      before: plain(source.slice(from, to)),
      after: plain(source.slice(from, start) + replacement + source.slice(end, to)),
      text: source.slice(0, start) + replacement + source.slice(end) + operations,
    });
  };

  const mutateCall = (call) => {
    const name = calleeName(call);
    const args = call.arguments.map((a) => a.getText(tree));
    if (SWAPS[name]) replace(call.expression, `mutantOps.${SWAPS[name]}`);
    for (const i of DROPS[name] ?? []) if (args[i] !== undefined) replace(call, `(${args[i]})`);
    if (name === 'where' && args.length === 3) replace(call, `mutantOps.where(${args[0]}, ${args[2]}, ${args[1]})`);
  };

  const mutateSide = (identifier) => {
    const other = SIDES[identifier.text];
    const { parent } = identifier;
    if (ts.isPropertyAccessExpression(parent) && parent.name === identifier) replace(identifier, other);
    else if (ts.isShorthandPropertyAssignment(parent)) replace(identifier, `${identifier.text}: ${other}`);
    else if (ts.isExpression(parent)) replace(identifier, other);
  };

  const visit = (node) => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return;
    if (ts.isVariableDeclaration(node) && node.name.getText(tree) === 'like') return;
    if (ts.isCallExpression(node)) {
      const name = calleeName(node);
      if (NOT_A_FORMULA.test(name)) return;
      mutateCall(node);
      // The first argument of `scope` names the engine.
      (name === 'scope' ? node.arguments.slice(1) : [node.expression, ...node.arguments]).forEach(visit);
      return;
    }
    if (ts.isIdentifier(node) && SIDES[node.text]) mutateSide(node);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

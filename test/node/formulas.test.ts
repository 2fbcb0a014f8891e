import katex from 'katex';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { losses, type LossName } from '../../src/core.js';
import { formulas } from '../../tools/docs/formulas.js';

/** The symbol of each option; `undefined` for one that limits the arithmetic and does not belong to the formula. */
const SYMBOLS: Readonly<Record<string, string | undefined>> = {
  beta: '\\beta',
  alpha: '\\alpha',
  gamma: '\\gamma',
  gammaBetaRatio: '\\gamma',
  delta: '\\delta',
  lambda: '\\lambda',
  eta: '\\eta',
  nu: '\\nu',
  tau: '\\tau',
  labelSmoothing: '\\varepsilon = \\texttt{labelSmoothing}',
  divergence: '\\text{forward KL}',
  maxExponent: undefined,
};

/** The options of a loss, from the table of its page. */
const optionsOf = (name: LossName): string[] => {
  const page = readFileSync(new URL(`../../docs/losses/${name}.md`, import.meta.url), 'utf8');
  const [, table = ''] = page.split('\n## Options\n');
  return [...table.split('\n## ', 1)[0]!.matchAll(/^\| `(\w+)`/gm)].map((match) => match[1]!);
};

describe('the formulas', () => {
  it('are of the losses of the catalogue', () => {
    expect(Object.keys(formulas)).toEqual(Object.keys(losses));
  });

  it.each(Object.entries(formulas) as [LossName, string][])('%s renders, and has a symbol for every option', (name, formula) => {
    const html = katex.renderToString(formula, { displayMode: true, throwOnError: true, strict: 'error' });
    expect(html).toContain('katex-display');
    expect(formula).toContain('\\mathcal{L}');
    for (const option of optionsOf(name)) {
      const symbol = option in SYMBOLS ? SYMBOLS[option] : `\\texttt{${option}}`;
      if (symbol !== undefined) expect(formula).toContain(symbol);
    }
  });
});

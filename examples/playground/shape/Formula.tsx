import { useEffect, useState } from 'preact/hooks';
import { losses, type LossName } from 'prefloss/core';

/** The formula of a loss, typeset when the page was built, and its paper. */
export function Formula({ name }: { readonly name: LossName }) {
  const [formulas, setFormulas] = useState<Readonly<Record<string, string>>>({});
  useEffect(() => {
    void import('virtual:formulas').then((module) => {
      setFormulas(module.default);
    });
  }, []);
  const { paper } = losses[name];
  return (
    <>
      <div
        class="formula"
        tabIndex={0}
        role="group"
        aria-label={`Formula of ${name}`}
        dangerouslySetInnerHTML={{ __html: formulas[name] ?? '' }}
      />
      <p class="muted">
        Paper: <a href={`https://arxiv.org/abs/${paper}`}>arXiv:{paper}</a>
      </p>
    </>
  );
}

/// <reference types="vite/client" />

/** The formula of each loss of the catalogue, as HTML. */
declare module 'virtual:formulas' {
  const formulas: Readonly<Record<string, string>>;
  export default formulas;
}

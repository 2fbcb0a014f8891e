import { javascript } from '@codemirror/lang-javascript';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { setDiagnostics } from '@codemirror/lint';
import { EditorView, keymap } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { basicSetup } from 'codemirror';
import { useEffect, useRef } from 'preact/hooks';

// Colours that follow the page's, light or dark.
const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: 'var(--colour-3)' },
  { tag: [tags.string, tags.number, tags.bool, tags.null], color: 'var(--colour-2)' },
  { tag: [tags.typeName, tags.className], color: 'var(--colour-1)' },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: 'var(--colour-0)' },
  { tag: tags.comment, color: 'var(--muted)', fontStyle: 'italic' },
]);

/** A mistake in the source. */
export interface Mistake {
  readonly line: number;
  readonly message: string;
}

interface EditorProps {
  /** The source to begin with; another one replaces what was typed. */
  readonly start: string;
  readonly mistake: Mistake | undefined;
  readonly onChange: (source: string) => void;
  /** Called for Ctrl+Enter. */
  readonly onRun: () => void;
}

/** An editor for TypeScript. The Tab key leaves it. */
export function Editor({ start, mistake, onChange, onRun }: EditorProps) {
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const latest = useRef({ onChange, onRun });
  latest.current = { onChange, onRun };

  useEffect(() => {
    const run = (): boolean => {
      latest.current.onRun();
      return true;
    };
    const editor = new EditorView({
      parent: parent.current!,
      doc: start,
      extensions: [
        keymap.of([{ key: 'Mod-Enter', run }]),
        basicSetup,
        javascript({ typescript: true }),
        syntaxHighlighting(COLOURS),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': 'Source of the loss' }),
        EditorView.updateListener.of(({ docChanged, state }) => {
          if (docChanged) latest.current.onChange(state.doc.toString());
        }),
      ],
    });
    view.current = editor;
    return () => {
      editor.destroy();
    };
  }, []);

  useEffect(() => {
    const editor = view.current!;
    if (editor.state.doc.toString() !== start) {
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: start } });
    }
  }, [start]);

  useEffect(() => {
    const editor = view.current!;
    const { state } = editor;
    const line = mistake && mistake.line <= state.doc.lines ? state.doc.line(mistake.line) : undefined;
    const found = line ? [{ from: line.from, to: line.to, severity: 'error' as const, message: mistake!.message }] : [];
    editor.dispatch(setDiagnostics(state, found));
  }, [mistake]);

  return <div class="editor" ref={parent} />;
}

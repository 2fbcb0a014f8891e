"""Execute functions of the original implementations without importing (or copying) their packages.

A function is cut out of its source text by name and executed with the globals it needs.
"""

import ast
import functools
import sys
import textwrap

from lib.sources import source_text


@functools.cache
def _compiled(source_id: str, path: str, qualified_name: str, patches: tuple):
    text = source_text(source_id, path)
    body = ast.parse(text).body
    for part in qualified_name.split("."):
        kinds = (ast.FunctionDef, ast.ClassDef)
        node = next(n for n in body if isinstance(n, kinds) and n.name == part)
        body = node.body
    lines = text.splitlines(keepends=True)[node.lineno - 1 : node.end_lineno]
    segment = textwrap.dedent("".join(lines))
    for old, new in patches:
        if old not in segment:
            raise ValueError(f"{source_id} {qualified_name}: nothing to patch: {old!r}")
        segment = segment.replace(old, new)
    code = "from __future__ import annotations\n" + segment
    return compile(code, f"{source_id}/{path}:{qualified_name}", "exec")


def extract(source_id: str, path: str, qualified_name: str, names: dict, patches: tuple = ()):
    """Execute the original `f`, `Class` or `Class.method` with the globals `names`, add it to them, and return it.

    `patches` are (old, new) substitutions in its text. Each must match, and the `function` text of the golden file must
    state it. Decorators are dropped.
    """
    names.setdefault("__name__", __name__)
    exec(_compiled(source_id, path, qualified_name, tuple(patches)), names)
    return names[qualified_name.split(".")[-1]]


def execute_lines(source_id: str, path: str, first: str, last: str, names: dict) -> dict:
    """Execute some lines of the original, which need not be a function, with the globals `names`; return these.

    The lines go from the first one that begins with `first` to the next one that begins with `last`, both included.
    """
    lines = source_text(source_id, path).splitlines(keepends=True)
    begins = lambda i, text: lines[i].strip().startswith(text)  # noqa: E731
    start = next(i for i in range(len(lines)) if begins(i, first))
    end = next(i for i in range(start, len(lines)) if begins(i, last))
    exec(compile(textwrap.dedent("".join(lines[start : end + 1])), f"{source_id}/{path}", "exec"), names)
    return names


def run_and_keep_locals(function, *args, **kwargs):
    """Call `function`; return its result and its local variables at the return.

    This gives access to per-example values inside a method that returns only their mean.
    """
    kept = {}

    def profile(frame, event, _argument):
        if event == "return" and frame.f_code is function.__code__:
            kept.update(frame.f_locals)

    previous = sys.getprofile()
    sys.setprofile(profile)
    try:
        result = function(*args, **kwargs)
    finally:
        sys.setprofile(previous)
    return result, kept

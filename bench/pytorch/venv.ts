import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const VENV = here('../.venv');
const REQUIREMENTS = here('requirements.txt');

/** The Python program of the routes. */
export const HEAD = here('head.py');

/** A Python that has PyTorch and what it says of itself, or why there is none. */
export type Python = { readonly command: string; readonly versions: Readonly<Record<string, string>> } | { readonly skipped: string };

/** The virtual environment `bench/.venv` with the pinned PyTorch, which is made where it is not there yet. */
export async function pythonWithTorch(): Promise<Python> {
  const command = process.platform === 'win32' ? `${VENV}\\Scripts\\python.exe` : `${VENV}/bin/python`;
  const ready = async (): Promise<Python> => {
    const { stdout } = await execute(command, [HEAD, '--versions']);
    return { command, versions: JSON.parse(stdout) as Record<string, string> };
  };
  try {
    return await ready();
  } catch {
    // Not made yet, or in part.
  }
  console.log('Installing PyTorch into bench/.venv');
  try {
    await execute('python3', ['-m', 'venv', '--clear', VENV]);
    // --no-deps: the file names all that is needed, and the libraries for NVIDIA's GPUs, some GB, are not.
    await execute(command, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '-r', REQUIREMENTS]);
    return await ready();
  } catch (error) {
    return { skipped: `no PyTorch: ${(error as Error).message.trim().split('\n').at(-1)!}` };
  }
}

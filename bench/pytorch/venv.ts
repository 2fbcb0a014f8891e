import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const VENV = here('../.venv');
const REQUIREMENTS = here('requirements.txt');

/** The Python program that runs the PyTorch routes. */
export const HEAD = here('head.py');

/** A Python with PyTorch and its versions, or the reason why there is none. */
export type Python = { readonly command: string; readonly versions: Readonly<Record<string, string>> } | { readonly skipped: string };

/** The Python of the virtual environment `bench/.venv`, which is created with the pinned PyTorch if it is missing. */
export async function pythonWithTorch(): Promise<Python> {
  const command = process.platform === 'win32' ? `${VENV}\\Scripts\\python.exe` : `${VENV}/bin/python`;
  const ready = async (): Promise<Python> => {
    const { stdout } = await execute(command, [HEAD, '--versions']);
    return { command, versions: JSON.parse(stdout) as Record<string, string> };
  };
  try {
    return await ready();
  } catch {
    // Not created yet, or only partly.
  }
  console.log('Installing PyTorch into bench/.venv');
  try {
    await execute('python3', ['-m', 'venv', '--clear', VENV]);
    // --no-deps: the file lists everything needed; the default dependencies include gigabytes of NVIDIA libraries.
    await execute(command, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '-r', REQUIREMENTS]);
    return await ready();
  } catch (error) {
    return { skipped: `no PyTorch: ${(error as Error).message.trim().split('\n').at(-1)!}` };
  }
}
